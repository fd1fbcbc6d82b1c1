/** The map as it runs, outside of React: one look at the stores and at most one drawing per frame. */

import {
  type LngLatBoundsLike,
  Map as MapLibreMap,
  type MapMouseEvent,
  NavigationControl,
  type Point,
  ScaleControl,
} from "maplibre-gl";
import type { Edges } from "../state/insets";
import { BaseMap } from "./base/base_map";
import { bundledStyle } from "./base/bundled_style";
import { ButtonControl, fileButton } from "./controls";
import { Overlay } from "./draw/overlay";
import { within } from "./hit";
import { type Mark, Marks } from "./marks";
import { latitude, longitude, Screen } from "./mercator";
import { type Palette, readPalette, watchTheme } from "./palette";
import { revealing } from "./reveal";
import { Scene } from "./scene";
import { Tip } from "./tip";
import type { MapSources, PastMoment } from "./types";

/** As near as fitting goes: a field of a kilometre. */
const FIT_ZOOM = 16;
const CENTRE_ZOOM = 14;
const FIT_MARGIN_PX = 72;
const EASE_MS = 300;
/** A snapshot comes in parts: the first view grows with them unless the user has moved the map. */
const FIRST_FIT_MS = 3000;
const FOLLOW_JUMP_PX = 150;
/** In less than this of the map nothing could be shown. */
const LEAST_SEEN_PX = 96;

export interface FleetMapOptions {
  container: HTMLElement;
  sources: MapSources;
  notice: (text: string | undefined) => void;
  /** Called when the browser took the graphics away (true) and when it gave them back. */
  lost: (isLost: boolean) => void;
}

export class FleetMap {
  readonly base: BaseMap;
  private readonly map: MapLibreMap;
  private readonly marks: Marks;
  private readonly scene: Scene;
  private readonly overlay: Overlay;
  private readonly tip: Tip;
  private readonly sources: MapSources;
  private readonly tellLost: (isLost: boolean) => void;
  private readonly stops: (() => void)[] = [];
  private palette: Palette;
  private screen: Screen | undefined;
  private frame = 0;
  private dueMs = 0;
  private changed = true;
  private firstFitMs: number | undefined;
  private fitted = 0;
  private touched = false;
  private wish: unknown;
  /** Whose graphics the browser took away. */
  private readonly without = new Set<"map" | "fleet">();

  /** Throws NoWebGlError or MapLibre's GPUInitializationError where there is no WebGL. */
  constructor({ container, sources, notice, lost }: FleetMapOptions) {
    this.sources = sources;
    this.tellLost = lost;
    this.palette = readPalette(container);
    this.map = new MapLibreMap({
      container,
      style: bundledStyle(this.palette),
      center: [10, 30],
      zoom: 1.5,
      // Seen from above only: distances on the screen are distances on the ground.
      maxPitch: 0,
      pitchWithRotate: false,
      touchPitch: false,
      attributionControl: {},
      fadeDuration: 0,
      boxZoom: { boxZoomEnd: (_map, from, to) => this.selectBox(from, to) },
      locale: { "Map.Title": "Map of the fleet. Arrow keys move it, plus and minus zoom." },
    });
    try {
      this.overlay = new Overlay(this.map.getCanvasContainer(), {
        lost: () => this.setLost("fleet", true),
        restored: () => this.setLost("fleet", false),
      });
    } catch (error) {
      this.map.remove();
      throw error;
    }
    this.marks = new Marks(sources);
    this.scene = new Scene({ marks: this.marks, sources, overlay: this.overlay });
    this.tip = new Tip(container);
    this.base = new BaseMap({
      map: this.map,
      palette: this.palette,
      events: {
        notice,
        plain: (isPlain) => {
          this.scene.plain = isPlain;
          this.redraw();
        },
      },
    });
    this.addControls(notice);
    this.listen(container);
    this.applyInsets(0);
    this.resize();
    this.frame = requestAnimationFrame(this.tick);
  }

  setPast(past: PastMoment | undefined): void {
    const fresh = past?.track !== undefined && past.track !== this.scene.past?.track;
    this.scene.past = past;
    if (past !== undefined && fresh) this.fit(this.scene.wayOf(past)?.positions() ?? []);
    this.redraw();
  }

  remove(): void {
    cancelAnimationFrame(this.frame);
    for (const stop of this.stops) stop();
    this.overlay.remove();
    this.tip.remove();
    this.map.remove();
  }

  private addControls(notice: (text: string | undefined) => void): void {
    const { map } = this;
    map.addControl(new NavigationControl({ visualizePitch: false }), "bottom-right");
    const all = new ButtonControl("Show the whole fleet", "fleet-map__all", () =>
      this.fitAll(EASE_MS),
    );
    map.addControl(all, "bottom-right");
    const open = fileButton("Open a map file (PMTiles)", "fleet-map__file", ".pmtiles", (file) => {
      notice(undefined);
      void this.base.useFile(file);
    });
    map.addControl(open, "bottom-right");
    map.addControl(new ScaleControl({ maxWidth: 120 }), "bottom-left");
  }

  private listen(container: HTMLElement): void {
    const { map, sources, stops } = this;
    map.on("render", () => {
      this.screen = this.readScreen();
      this.draw();
    });
    map.on("resize", () => this.resize());
    // The scale and the credits grow and shrink.
    map.on("idle", () => this.measureControls());
    map.on("webglcontextlost", () => this.setLost("map", true));
    map.on("webglcontextrestored", () => this.setLost("map", false));
    map.on("dragstart", () => {
      this.touched = true;
      sources.camera.follow(false);
    });
    map.on("zoomstart", (event) => {
      if (event.originalEvent !== undefined) this.touched = true;
    });
    map.on("click", (event) => this.click(event.point, isAdding(event.originalEvent)));
    // MapLibre takes Shift with the button down for the start of a box and tells no click.
    map.on("boxzoomcancel", ({ originalEvent }) => {
      if (originalEvent instanceof MouseEvent) this.click(this.pointOf(originalEvent), true);
    });
    map.on("mousemove", (event) => this.hover(event));
    map.on("mouseout", () => this.tip.hide());
    map.on("movestart", () => this.tip.hide());
    stops.push(
      watchTheme(() => this.recolour(container)),
      sources.selection.subscribe(() => {
        this.marks.select(sources.selection.drones);
        this.scene.invalidate();
        this.reveal();
      }),
      sources.view.subscribe(() => this.redraw()),
      sources.insets.subscribe(() => this.applyInsets(EASE_MS)),
      sources.camera.subscribe(() => this.heedCamera()),
    );
  }

  private readonly tick = (): void => {
    this.frame = requestAnimationFrame(this.tick);
    if (this.marks.sync(this.sources.clock.nowMs())) this.changed = true;
    if (this.changed) this.fitFirst();
    this.follow();
    // While the map moves it is drawn by MapLibre's own frame, so that both move as one.
    // Without graphics it has no frames: a movement that was under way would never end.
    if (this.map.isMoving() && !this.without.has("map")) this.map.triggerRepaint();
    else if (this.changed || performance.now() >= this.dueMs) this.draw();
  };

  private draw(): void {
    if (this.screen === undefined) return;
    this.changed = false;
    const wait = this.scene.draw(this.sources.clock.nowMs(), this.screen, this.palette);
    // Half a frame early rather than a frame late.
    this.dueMs = performance.now() + wait - 8;
  }

  private redraw(): void {
    this.changed = true;
  }

  private setLost(whose: "map" | "fleet", isLost: boolean): void {
    if (isLost) this.without.add(whose);
    else this.without.delete(whose);
    this.tellLost(this.without.size > 0);
    this.redraw();
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.map.getContainer();
    this.overlay.resize(clientWidth, clientHeight, window.devicePixelRatio);
    this.measureControls();
    this.screen = this.readScreen();
    this.draw();
  }

  private readScreen(): Screen {
    const { map } = this;
    const { lng, lat } = map.getCenter();
    const { x, y } = map.project([lng, lat]);
    const { clientWidth, clientHeight } = map.getContainer();
    return new Screen({
      lon: lng,
      lat,
      zoom: map.getZoom(),
      bearing: map.getBearing(),
      centreX: x,
      centreY: y,
      width: clientWidth,
      height: clientHeight,
    });
  }

  private recolour(container: HTMLElement): void {
    this.palette = readPalette(container);
    this.base.recolour(this.palette);
    this.redraw();
  }

  private applyInsets(durationMs: number): void {
    const { edges } = this.sources.insets;
    const container = this.map.getContainer();
    // Notices lie next to it, and keep clear of the panels as well.
    const { style } = container.parentElement ?? container;
    for (const [edge, pixels] of Object.entries(edges)) {
      style.setProperty(`--map-inset-${edge}`, `${pixels}px`);
    }
    const center = this.hidden(edges);
    this.map.easeTo({ padding: edges, duration: durationMs, ...(center && { center }) });
    this.measureControls();
    this.scene.invalidate();
    this.redraw();
  }

  /** Bring a drone that was just selected into view. */
  private reveal(): void {
    const center = this.hidden(this.sources.insets.edges);
    if (center !== undefined) this.map.easeTo({ center, duration: EASE_MS });
    this.redraw();
  }

  /** Where the one selected drone is, if it would be out of sight once panels cover these edges. */
  private hidden({ top, right, bottom, left }: Edges): [number, number] | undefined {
    const { selection, camera, view } = this.sources;
    const [only, ...others] = selection.drones;
    if (only === undefined || others.length > 0 || camera.following) return undefined;
    if (view.mode.kind === "past" || this.screen === undefined) return undefined;
    const mark = this.marks.get(only);
    if (mark === undefined || !mark.placed) return undefined;
    const { clientWidth, clientHeight } = this.map.getContainer();
    const width = clientWidth - left - right;
    const height = clientHeight - top - bottom;
    if (width < LEAST_SEEN_PX || height < LEAST_SEEN_PX) return undefined;
    // The centre stays the centre of what is not covered.
    const centre = this.map.project(this.map.getCenter());
    const at = this.map.project(degrees(shown(mark)));
    const move = revealing({ x: at.x - centre.x, y: at.y - centre.y }, { width, height });
    if (move === undefined) return undefined;
    centre.x += move.x;
    centre.y += move.y;
    const { lng, lat } = this.map.unproject(centre);
    return [lng, lat];
  }

  /** Names keep clear of the map's buttons and its scale. */
  private measureControls(): void {
    const container = this.map.getContainer();
    const { left, top } = container.getBoundingClientRect();
    this.scene.covered = [...container.querySelectorAll(".maplibregl-ctrl")].map((each) => {
      const box = each.getBoundingClientRect();
      return {
        left: box.left - left,
        right: box.right - left,
        top: box.top - top,
        bottom: box.bottom - top,
      };
    });
  }

  private heedCamera(): void {
    const { wish } = this.sources.camera;
    if (wish === undefined || wish === this.wish) return;
    this.wish = wish;
    this.touched = true;
    if (wish.kind === "all") this.fitAll(EASE_MS);
    else this.centre(wish.drones);
  }

  private centre(ids: readonly string[]): void {
    const marks = ids.flatMap((id) => this.marks.get(id) ?? []).filter((mark) => mark.placed);
    const [first] = marks;
    if (first === undefined) return;
    if (marks.length > 1) {
      this.fit(marks.map(shown));
      return;
    }
    const zoom = Math.max(this.map.getZoom(), CENTRE_ZOOM);
    this.map.easeTo({ center: degrees(shown(first)), zoom, duration: EASE_MS });
  }

  private fitAll(durationMs: number): void {
    this.fit(this.marks.all.filter((mark) => mark.placed).map(shown), durationMs);
  }

  /** Bring Mercator positions into view. */
  private fit(points: readonly { x: number; y: number }[], durationMs = EASE_MS): void {
    const bounds = boundsOf(points);
    if (bounds === undefined) return;
    this.map.fitBounds(bounds, {
      padding: FIT_MARGIN_PX,
      maxZoom: FIT_ZOOM,
      duration: durationMs,
      bearing: this.map.getBearing(),
    });
  }

  private fitFirst(): void {
    if (this.touched) return;
    const placed = this.marks.all.reduce((sum, mark) => sum + (mark.placed ? 1 : 0), 0);
    if (placed <= this.fitted) return;
    const now = performance.now();
    this.firstFitMs ??= now;
    if (now - this.firstFitMs > FIRST_FIT_MS) return;
    this.fitted = placed;
    for (const mark of this.marks.all) {
      // Not drawn yet: where it is shown is not known before its first frame.
      if (mark.shownX !== 0) continue;
      mark.shownX = mark.x;
      mark.shownY = mark.y;
    }
    this.fitAll(0);
  }

  private follow(): void {
    const { camera, selection } = this.sources;
    if (!camera.following || selection.primary === undefined || this.map.isMoving()) return;
    const mark = this.marks.get(selection.primary);
    if (mark === undefined || !mark.placed || this.screen === undefined) return;
    const center = degrees(shown(mark));
    const { x, y } = this.map.project(this.map.getCenter());
    const off = Math.hypot(mark.screenX - x, mark.screenY - y);
    if (off > FOLLOW_JUMP_PX) this.map.easeTo({ center, duration: EASE_MS });
    else if (off > 0.3) this.map.jumpTo({ center });
  }

  private click(point: Point, adds: boolean): void {
    const found = this.scene.at(point.x, point.y);
    const { selection } = this.sources;
    if (found === undefined) return;
    if ("cluster" in found) this.fit(found.cluster.members.map(shown));
    else if (adds) selection.toggle(found.mark.id);
    else selection.set([found.mark.id]);
  }

  private selectBox(from: Point, to: Point): void {
    const found = within(
      this.marks.all.filter((mark) => mark.placed && mark.visible),
      from,
      to,
    );
    const { selection } = this.sources;
    if (found.length === 0) return;
    selection.set([...new Set([...selection.drones, ...found.map((mark) => mark.id)])]);
  }

  private hover({ point }: MapMouseEvent): void {
    const found = this.scene.at(point.x, point.y);
    this.map.getCanvas().style.cursor = found === undefined ? "" : "pointer";
    if (found === undefined) this.tip.hide();
    else this.tip.show(found, point);
  }

  private pointOf(event: MouseEvent): Point {
    const { left, top } = this.map.getCanvas().getBoundingClientRect();
    const at = this.map.project([0, 0]);
    at.x = event.clientX - left;
    at.y = event.clientY - top;
    return at;
  }
}

function isAdding(event: MouseEvent): boolean {
  return event.shiftKey || event.ctrlKey || event.metaKey;
}

function shown(mark: Mark): { x: number; y: number } {
  return { x: mark.shownX, y: mark.shownY };
}

function degrees({ x, y }: { x: number; y: number }): [number, number] {
  return [longitude(x), latitude(y)];
}

/** The box around Mercator positions, the short way across the antimeridian. */
function boundsOf(points: readonly { x: number; y: number }[]): LngLatBoundsLike | undefined {
  const [first] = points;
  if (first === undefined) return undefined;
  let west = 0;
  let east = 0;
  let north = first.y;
  let south = first.y;
  for (const { x, y } of points) {
    const off = x - first.x - Math.round(x - first.x);
    west = Math.min(west, off);
    east = Math.max(east, off);
    north = Math.min(north, y);
    south = Math.max(south, y);
  }
  return [
    [longitude(first.x + west), latitude(south)],
    [longitude(first.x + east), latitude(north)],
  ];
}
