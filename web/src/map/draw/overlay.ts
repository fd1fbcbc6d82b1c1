/**
 * Two canvases over the map: one WebGL, one for text.
 *
 * They are apart from MapLibre's own canvas on purpose. Moving drones then redraw only themselves and
 * not the map below them, a change of style cannot take them away, and a lost context of one does not
 * take the other along. They are drawn within MapLibre's own frame while the map moves, so both move as one.
 */

import { Discs } from "./discs";
import { Segments } from "./segments";
import { Sprites } from "./sprites";

interface Layers {
  segments: Segments;
  discs: Discs;
  icons: Sprites;
}

export class Overlay {
  readonly text: CanvasRenderingContext2D;
  private readonly gl: WebGL2RenderingContext;
  private readonly canvas: HTMLCanvasElement;
  private readonly textCanvas: HTMLCanvasElement;
  private readonly listening = new AbortController();
  private layers: Layers | undefined;
  private width = 0;
  private height = 0;
  private pixelRatio = 1;

  /**
   * Throws NoWebGlError where the browser has no WebGL 2. `lost` is called when the browser took the
   * graphics away: nothing is drawn until `restored`.
   */
  constructor(
    container: HTMLElement,
    { lost, restored }: { lost: () => void; restored: () => void },
  ) {
    this.canvas = document.createElement("canvas");
    this.textCanvas = document.createElement("canvas");
    const gl = this.canvas.getContext("webgl2", { antialias: false, depth: false, stencil: false });
    const text = this.textCanvas.getContext("2d");
    if (gl === null || text === null) throw new NoWebGlError();
    this.gl = gl;
    this.text = text;
    for (const canvas of [this.canvas, this.textCanvas]) {
      canvas.className = "fleet-map__overlay";
      canvas.setAttribute("aria-hidden", "true");
      container.append(canvas);
    }
    const { signal } = this.listening;
    const onLost = (event: Event) => {
      // Only then does the browser ever give it back.
      event.preventDefault();
      this.layers = undefined;
      this.clearText();
      lost();
    };
    const onRestored = () => {
      this.layers = this.makeLayers();
      restored();
    };
    this.canvas.addEventListener("webglcontextlost", onLost, { signal });
    this.canvas.addEventListener("webglcontextrestored", onRestored, { signal });
    this.layers = this.makeLayers();
  }

  resize(width: number, height: number, pixelRatio: number): void {
    this.width = width;
    this.height = height;
    for (const canvas of [this.canvas, this.textCanvas]) {
      canvas.width = Math.max(Math.round(width * pixelRatio), 1);
      canvas.height = Math.max(Math.round(height * pixelRatio), 1);
    }
    if (pixelRatio !== this.pixelRatio) {
      this.pixelRatio = pixelRatio;
      this.layers?.icons.redrawAtlas(pixelRatio);
    }
  }

  /** Clear and draw what the callback adds: segments below discs below icons below text. */
  draw(fill: (layers: Layers & { text: CanvasRenderingContext2D }) => void): void {
    const { gl, layers, text } = this;
    // Names and heights without their icons would stand still and look live.
    this.clearText();
    if (layers === undefined) return;
    layers.segments.begin();
    layers.discs.begin();
    layers.icons.begin();
    fill({ ...layers, text });
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    layers.segments.draw(this.width, this.height);
    layers.discs.draw(this.width, this.height);
    layers.icons.draw(this.width, this.height);
  }

  remove(): void {
    this.listening.abort();
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
    this.layers = undefined;
    this.canvas.remove();
    this.textCanvas.remove();
  }

  private clearText(): void {
    const { text, pixelRatio } = this;
    text.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    text.clearRect(0, 0, this.width, this.height);
  }

  private makeLayers(): Layers {
    const { gl } = this;
    return {
      segments: new Segments(gl),
      discs: new Discs(gl),
      icons: new Sprites(gl, this.pixelRatio),
    };
  }
}

export type Drawing = Parameters<Parameters<Overlay["draw"]>[0]>[0];

export class NoWebGlError extends Error {
  constructor() {
    super("no WebGL 2 context");
    this.name = "NoWebGlError";
  }
}
