/** What one frame shows: brings marks, clusters, labels and the past together and draws them. */

import { type Cluster, cluster, clusterZoom, discRadius } from "./clusters";
import {
  type Brush,
  drawCluster,
  drawHome,
  drawLabels,
  drawMark,
  drawRing,
  drawTrail,
  labelOf,
  startClusterText,
} from "./draw/fleet_layers";
import { drawGrid, type GridOrigin } from "./draw/grid_lines";
import type { Overlay } from "./draw/overlay";
import { drawPastDrone, Way } from "./draw/past_layer";
import { nearest, type OnScreen } from "./hit";
import { cellOf, shapeOf } from "./icons";
import { type Box, chooseLabels, type Obstacle } from "./labels";
import type { Mark, Marks } from "./marks";
import { mercatorX, mercatorY, type Screen } from "./mercator";
import type { Palette } from "./palette";
import type { MapSources, PastMoment } from "./types";

const HOME = "home/1/0";
const CLUSTERS_EVERY_MS = 500;
const LABELS_EVERY_MS = 200;
/** Fleets up to this size show all their trails; above, the selected drones do. */
const ALL_TRAILS = 50;
/** With more icons than this in view, only names that matter are written. */
const ALL_LABELS = 400;
const LETTER_PX = 6.7;
const ICON_RADIUS_PX = 9;
const LABEL_GAP_PX = 16;
/** Beyond the circle of a selected drone. */
const SELECTED_GAP_PX = 23;
/** Live icons while a past flight is looked at. */
const BEHIND_THE_PAST = 0.25;
const LEAST_FRAME_MS = 16;
/** Ages grow and rings with them, even when nothing moves. */
const MOST_FRAME_MS = 250;
const REDRAWN_PX = 0.4;

type DrawnCluster = Cluster<Mark> & OnScreen;

export class Scene {
  /** What is seen and can be hit. */
  singles: Mark[] = [];
  clusters: DrawnCluster[] = [];
  past: PastMoment | undefined;
  /** Whether the bundled map is shown, which has no detail near the ground. */
  plain = true;
  /** What lies over the map besides the panels: its buttons, its scale. */
  covered: readonly Box[] = [];
  private way: { track: unknown; way: Way } | undefined;
  private labels: Mark[] = [];
  private labelsMs = 0;
  private clusteredMs = 0;
  private clusteredZoom = Number.NaN;
  private lastMs = 0;
  private origin: GridOrigin | undefined;
  private readonly marks: Marks;
  private readonly sources: MapSources;
  private readonly overlay: Overlay;

  constructor({
    marks,
    sources,
    overlay,
  }: { marks: Marks; sources: MapSources; overlay: Overlay }) {
    this.marks = marks;
    this.sources = sources;
    this.overlay = overlay;
  }

  /** Regroup at the next frame: the fleet or the selection changed. */
  invalidate(): void {
    this.clusteredZoom = Number.NaN;
    this.labelsMs = 0;
  }

  /** Draw this moment. Returns after how many milliseconds something will have moved visibly. */
  draw(nowMs: number, screen: Screen, palette: Palette): number {
    const staleMs = 1000 * this.sources.channels.staleAfterS("position");
    const stepMs = Math.min(Math.max(nowMs - this.lastMs, 0), 200);
    this.lastMs = nowMs;
    let fastest = 0;
    for (const mark of this.marks.all) {
      if (!mark.placed) continue;
      const speed = mark.place(nowMs, stepMs, staleMs, screen);
      if (speed > fastest && !mark.clustered) fastest = speed;
    }
    this.group(nowMs, screen);
    this.label(nowMs, screen);
    this.overlay.draw((drawing) => {
      const isPast = this.sources.view.mode.kind === "past";
      const live: Brush = { screen, drawing, palette, opacity: isPast ? BEHIND_THE_PAST : 1 };
      if (this.plain) {
        const context = { screen, drawing, palette, insets: this.sources.insets.edges };
        drawGrid(context, this.gridOrigin(screen));
      }
      this.drawFleet(live, isPast);
      if (isPast) this.drawPast({ ...live, opacity: 1 });
    });
    return Math.min(Math.max((1000 * REDRAWN_PX) / fastest, LEAST_FRAME_MS), MOST_FRAME_MS);
  }

  /** The drone or cluster at a point of the screen. */
  at(x: number, y: number): { mark: Mark } | { cluster: DrawnCluster } | undefined {
    const mark = nearest(this.singles, x, y);
    if (mark !== undefined) return { mark };
    const found = nearest(this.clusters, x, y, 44);
    if (found === undefined) return undefined;
    const reach = Math.max(discRadius(found.members.length), 22);
    return Math.hypot(found.screenX - x, found.screenY - y) <= reach
      ? { cluster: found }
      : undefined;
  }

  /** Where the drone's home is, in degrees, as it told. */
  homeOf(mark: Mark): { lon: number; lat: number } | undefined {
    const values = mark.drone.samples.get(HOME)?.values;
    const { latitude, longitude } = values ?? {};
    if (typeof latitude !== "number" || typeof longitude !== "number") return undefined;
    return latitude === 0 && longitude === 0 ? undefined : { lon: longitude, lat: latitude };
  }

  private group(nowMs: number, screen: Screen): void {
    const zoom = clusterZoom(screen.zoom);
    if (zoom !== this.clusteredZoom || Math.abs(nowMs - this.clusteredMs) > CLUSTERS_EVERY_MS) {
      this.clusteredZoom = zoom;
      this.clusteredMs = nowMs;
      const placed = this.marks.all.filter((mark) => mark.placed);
      const grouped = cluster(
        placed.filter((mark) => !mark.selected),
        zoom,
      );
      for (const mark of placed) mark.clustered = false;
      this.clusters = grouped.clusters.map((each) => ({ ...each, screenX: 0, screenY: 0 }));
      for (const each of grouped.clusters) for (const mark of each.members) mark.clustered = true;
      this.labelsMs = 0;
    }
    for (const each of this.clusters) {
      each.screenX = screen.toX(each.x, each.y);
      each.screenY = screen.toY(each.x, each.y);
    }
    const singles: Mark[] = [];
    for (const mark of this.marks.all) {
      if (mark.placed && mark.visible && !mark.clustered) singles.push(mark);
    }
    // Drawn in this order: what matters lies on top, and is hit first.
    singles.sort((a, b) => weight(a) - weight(b));
    this.singles = singles;
  }

  private label(nowMs: number, screen: Screen): void {
    if (Math.abs(nowMs - this.labelsMs) < LABELS_EVERY_MS) return;
    this.labelsMs = nowMs;
    const all = this.singles.length <= ALL_LABELS;
    const wanted = all
      ? this.singles
      : this.singles.filter((mark) => mark.selected || mark.rank > 0);
    for (const mark of wanted) {
      mark.labelText = labelOf(mark);
      mark.labelWidth = LETTER_PX * mark.labelText.length;
      mark.labelGap = mark.selected ? SELECTED_GAP_PX : LABEL_GAP_PX;
      mark.labelAlways = mark.selected;
      // A name that is there already stays rather than another taking its place.
      mark.labelPriority = (mark.selected ? 8 : 0) + 2 * mark.rank + (mark.labelled ? 1 : 0);
    }
    for (const mark of this.labels) mark.labelled = false;
    const { top, right, bottom, left } = this.sources.insets.edges;
    const area = { left, top, right: screen.width - right, bottom: screen.height - bottom };
    const { covered } = this;
    this.labels = chooseLabels(wanted, { obstacles: this.obstacles(), covered, area });
    for (const mark of this.labels) mark.labelled = true;
  }

  private *obstacles(): Generator<Obstacle> {
    for (const { screenX, screenY } of this.singles)
      yield { screenX, screenY, radius: ICON_RADIUS_PX };
    for (const { screenX, screenY, members } of this.clusters) {
      yield { screenX, screenY, radius: discRadius(members.length) };
    }
  }

  private drawFleet(brush: Brush, isPast: boolean): void {
    for (const mark of this.withTrails()) {
      if (!mark.placed) continue;
      mark.trail.sync(mark.drone);
      if (!isPast) drawTrail(brush, mark, mark.trail);
    }
    for (const mark of this.selected()) {
      const home = this.homeOf(mark);
      if (home !== undefined) drawHome(brush, mercatorX(home.lon), mercatorY(home.lat));
    }
    for (const mark of this.singles) {
      if (mark.isMissing && !isPast) drawRing(brush, mark);
    }
    startClusterText(brush.drawing.text);
    for (const each of this.clusters) {
      if (isOnScreen(each, brush.screen)) drawCluster(brush, each);
    }
    for (const mark of this.singles) drawMark(brush, mark);
    if (!isPast) drawLabels(brush, this.labels);
  }

  private drawPast(brush: Brush): void {
    const { past, sources } = this;
    const { mode, momentMs } = sources.view;
    if (mode.kind !== "past" || past === undefined) return;
    const { position } = past;
    this.wayOf(past)?.draw(brush, momentMs, past);
    if (position === undefined) return;
    const vehicle = sources.fleet.drones.get(mode.drone)?.state.vehicle ?? null;
    const cell = cellOf(shapeOf(vehicle, position.heading));
    drawPastDrone(brush, { name: mode.drone, position, cell });
  }

  /** The track of the past, prepared once for each. */
  wayOf(past: PastMoment): Way | undefined {
    const { track } = past;
    if (track === undefined) return undefined;
    if (this.way?.track !== track) this.way = { track, way: new Way(track) };
    return this.way.way;
  }

  private *withTrails(): Generator<Mark> {
    if (this.marks.all.length <= ALL_TRAILS) yield* this.marks.all;
    else yield* this.selected();
  }

  private *selected(): Generator<Mark> {
    for (const id of this.sources.selection.drones.slice(-ALL_TRAILS)) {
      const mark = this.marks.get(id);
      if (mark !== undefined) yield mark;
    }
  }

  /** The home of the selected drone or of the only one; without a home a fixed place in view. */
  private gridOrigin(screen: Screen): GridOrigin {
    const { primary } = this.sources.selection;
    const only = this.marks.all.length === 1 ? this.marks.all[0] : undefined;
    const mark = primary === undefined ? only : this.marks.get(primary);
    const home = mark === undefined ? undefined : this.homeOf(mark);
    if (home !== undefined && isNear(home, screen)) this.origin = { ...home, labelled: true };
    else if (this.origin === undefined || !isNear(this.origin, screen)) {
      this.origin = { lon: screen.lon, lat: screen.lat, labelled: false };
    } else if (this.origin.labelled) {
      // The numbers would count from a home that is not shown; the lines stay where they are.
      this.origin = { ...this.origin, labelled: false };
    }
    return this.origin;
  }
}

/** Whether a plane grid of the origin still fits: a degree to the north, metres are 1 % off or more. */
function isNear(origin: { lat: number }, screen: Screen): boolean {
  return Math.abs(origin.lat - screen.lat) < 0.5;
}

function weight(mark: Mark): number {
  return mark.rank + (mark.selected ? 4 : 0);
}

function isOnScreen(item: OnScreen, screen: Screen): boolean {
  const margin = 40;
  return (
    item.screenX > -margin &&
    item.screenY > -margin &&
    item.screenX < screen.width + margin &&
    item.screenY < screen.height + margin
  );
}
