/** The icons as coverage, one colour channel for each layer: red fill, green outline, blue halo. */

import { LETTERS, PATHS, SHAPES, type Shape } from "../icons";

export const ICON_PX = 24;
/** Room for outline and halo around an icon. */
export const CELL_PX = 36;
export const COLUMNS = 4;
export const ROWS = Math.ceil(SHAPES.length / COLUMNS);
const OUTLINE_PX = 1.8;
const HALO_PX = 3.2;

export interface Atlas {
  width: number;
  height: number;
  pixels: Uint8Array;
}

export function drawAtlas(pixelRatio: number): Atlas {
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(COLUMNS * CELL_PX * pixelRatio);
  canvas.height = Math.ceil(ROWS * CELL_PX * pixelRatio);
  const { width, height } = canvas;
  const pixels = new Uint8Array(4 * width * height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return { width, height, pixels };
  for (const [channel, grown] of [0, OUTLINE_PX, HALO_PX].entries()) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    for (const [index, shape] of SHAPES.entries()) {
      const x = ((index % COLUMNS) + 0.5) * (width / COLUMNS);
      const y = (Math.floor(index / COLUMNS) + 0.5) * (height / ROWS);
      context.setTransform(pixelRatio, 0, 0, pixelRatio, x, y);
      drawShape(context, shape, grown);
    }
    const cover = context.getImageData(0, 0, width, height).data;
    for (let at = 0; at < pixels.length; at += 4) pixels[at + channel] = cover[at + 3] ?? 0;
  }
  return { width, height, pixels };
}

function drawShape(context: CanvasRenderingContext2D, shape: Shape, grown: number): void {
  const path = new Path2D(PATHS[shape]);
  context.globalCompositeOperation = "source-over";
  context.fill(path);
  if (grown > 0) {
    context.lineJoin = "round";
    context.lineWidth = 2 * grown;
    context.stroke(path);
    return;
  }
  const letter = LETTERS[shape];
  if (letter === undefined) return;
  context.globalCompositeOperation = "destination-out";
  context.font = "bold 15px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(letter, 0, shape === "warning" ? 3 : 1);
}
