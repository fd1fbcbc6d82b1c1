/** What the map knows of each drone: read when it changed, placed on the screen once a frame. */

import { type Freshness, freshness, type Heard } from "../live/age";
import { type Condition, isFlying } from "../live/condition";
import type { Drone } from "../live/fleet";
import { cellOf, shapeOf } from "./icons";
import type { Side } from "./labels";
import { mercatorX, mercatorY, type Screen, unitsPerMetre } from "./mercator";
import { aheadMs, isFaded, remaining, turned } from "./motion";
import { Trail } from "./trails";
import type { MapSources } from "./types";

const POSITION = "position/1/0";
const RADIANS = Math.PI / 180;
const CONDITIONS_EVERY_MS = 250;
const MARGIN_PX = 40;
/** No state is older than this when a drone has told no time: it counts as silent. */
const NEVER_MS = Number.NEGATIVE_INFINITY;

/** One drone on the map. Mercator positions, radians, milliseconds. */
export class Mark {
  revision = -1;
  /** Whether it has ever told where it is. */
  placed = false;
  /** Where it was reported. */
  x = 0;
  y = 0;
  lat = 0;
  /** Mercator units a millisecond, and metres a second. */
  speedX = 0;
  speedY = 0;
  speed = 0;
  altitude: number | undefined;
  timeMs = NEVER_MS;
  ageMs = Number.POSITIVE_INFINITY;
  fresh: Freshness = "gone";
  /** Undefined: it does not know where its nose is. */
  heading: number | undefined;
  shownHeading = 0;
  cell = 0;
  armed = false;
  /** Armed or off the ground when it was last heard: it may have moved on since. */
  busy = false;
  condition: Condition | undefined;
  /** 0 is well, 1 a warning, 2 critical. */
  rank = 0;
  selected = false;
  /** Where it is drawn. */
  shownX = 0;
  shownY = 0;
  screenX = 0;
  screenY = 0;
  visible = false;
  /** Part of a cluster's disc, not drawn by itself. */
  clustered = false;
  labelText = "";
  labelWidth = 0;
  labelGap = 0;
  labelSide: Side = "right";
  labelPriority = 0;
  labelAlways = false;
  labelled = false;
  /** Where it came from; filled only while it is drawn. It goes with the drone. */
  readonly trail = new Trail();
  /** When it was there. */
  private heard: Heard | undefined;
  private offX = 0;
  private offY = 0;
  private offAtMs = 0;

  constructor(
    readonly id: string,
    public drone: Drone,
  ) {}

  /** Take over the newest sample. */
  read(nowMs: number): void {
    const { state, samples } = this.drone;
    this.revision = this.drone.revision;
    this.armed = state.armed === true;
    this.busy = this.armed || isFlying(this.drone);
    const sample = samples.get(POSITION);
    const values = sample?.values;
    const lat = values?.lat ?? state.position?.lat;
    const lon = values?.lon ?? state.position?.lon;
    const heading = values?.hdg ?? state.position?.heading;
    const altitude = values?.relative_alt ?? state.position?.relative_alt;
    const heard = sample ?? this.drone.stateTime;
    const time = heard?.timeMs ?? NEVER_MS;
    this.cell = cellOf(shapeOf(state.vehicle, typeof heading === "number" ? heading : null));
    this.altitude = typeof altitude === "number" ? altitude : undefined;
    const turnedTo = typeof heading === "number" ? heading * RADIANS : undefined;
    if (this.heading === undefined && turnedTo !== undefined) this.shownHeading = turnedTo;
    this.heading = turnedTo;
    if (typeof lat !== "number" || typeof lon !== "number" || (lat === 0 && lon === 0)) return;
    if (this.placed && time === this.timeMs) return;
    this.timeMs = time;
    this.heard = heard;
    const perMetre = unitsPerMetre(lat);
    const north = typeof values?.vx === "number" ? values.vx : 0;
    const east = typeof values?.vy === "number" ? values.vy : 0;
    this.lat = lat;
    this.speed = Math.hypot(north, east);
    this.speedX = (east * perMetre) / 1000;
    this.speedY = (-north * perMetre) / 1000;
    this.report(mercatorX(lon), mercatorY(lat), perMetre, nowMs);
  }

  private report(x: number, y: number, perMetre: number, nowMs: number): void {
    const { placed, shownX, shownY } = this;
    this.placed = true;
    this.x = x;
    this.y = y;
    // What the new sample alone would be drawn at; the difference to what is drawn fades from here.
    const ahead = aheadMs(this.ageAt(nowMs), Number.POSITIVE_INFINITY);
    const offX = shownX - (x + this.speedX * ahead);
    const offY = shownY - (y + this.speedY * ahead);
    const fades = placed && isFaded(Math.hypot(offX, offY) / perMetre);
    this.offX = fades ? offX : 0;
    this.offY = fades ? offY : 0;
    this.offAtMs = nowMs;
  }

  /**
   * Whether it may be anywhere around its last place: that is too old, and the drone was busy or
   * ought to be heard. Why it is not heard does not matter, be it the page that is cut off.
   */
  get isMissing(): boolean {
    return this.fresh === "gone" && (this.busy || this.condition?.state === "lost");
  }

  ageAt(nowMs: number): number {
    return this.heard === undefined
      ? Number.POSITIVE_INFINITY
      : this.drone.ageMs(this.heard, nowMs);
  }

  /** Move it to where it is at this moment, on this screen. Returns its speed there in pixels a second. */
  place(nowMs: number, stepMs: number, staleMs: number, screen: Screen): number {
    const age = this.ageAt(nowMs);
    const fresh = freshness(age, staleMs / 1000);
    if (fresh !== "fresh" && this.fresh === "fresh") this.returnToReported(nowMs);
    this.ageMs = age;
    this.fresh = fresh;
    const ahead = aheadMs(age, staleMs);
    const off = remaining(nowMs - this.offAtMs);
    this.shownX = this.x + this.speedX * ahead + this.offX * off;
    this.shownY = this.y + this.speedY * ahead + this.offY * off;
    this.screenX = screen.toX(this.shownX, this.shownY);
    this.screenY = screen.toY(this.shownX, this.shownY);
    this.visible =
      this.screenX > -MARGIN_PX &&
      this.screenY > -MARGIN_PX &&
      this.screenX < screen.width + MARGIN_PX &&
      this.screenY < screen.height + MARGIN_PX;
    const turning = this.heading !== undefined && this.heading !== this.shownHeading;
    if (turning) this.shownHeading = turned(this.shownHeading, this.heading ?? 0, stepMs);
    if (!this.visible) return 0;
    if (turning || (off > 0 && (this.offX !== 0 || this.offY !== 0))) return 60;
    return ahead === age ? this.speed * screen.pixelsPerMetre : 0;
  }

  /** Its last place was extrapolated; a stale one is drawn where it was reported. */
  private returnToReported(nowMs: number): void {
    this.offX = this.shownX - this.x;
    this.offY = this.shownY - this.y;
    this.offAtMs = nowMs;
  }
}

export type MarkSources = Pick<MapSources, "fleet" | "selection" | "overview">;

/** All drones of the fleet as marks. */
export class Marks {
  all: Mark[] = [];
  private byId = new Map<string, Mark>();
  private members = -1;
  private conditionsMs = 0;
  private readonly sources: MarkSources;

  constructor(sources: MarkSources) {
    this.sources = sources;
  }

  get(id: string): Mark | undefined {
    return this.byId.get(id);
  }

  /** Take over what changed since the last frame. Returns whether anything did. */
  sync(nowMs: number): boolean {
    const { fleet, overview } = this.sources;
    let changed = false;
    if (this.members !== fleet.membersRevision) {
      this.members = fleet.membersRevision;
      this.rebuild();
      changed = true;
    }
    const due = Math.abs(nowMs - this.conditionsMs) >= CONDITIONS_EVERY_MS;
    if (due) this.conditionsMs = nowMs;
    for (const mark of this.all) {
      if (mark.revision !== mark.drone.revision) {
        mark.read(nowMs);
        changed = true;
      }
      if (due || mark.condition === undefined) {
        mark.condition = overview.conditionOf(mark.id);
        const tone = mark.condition?.tone;
        mark.rank = tone === "critical" ? 2 : tone === "warning" ? 1 : 0;
      }
    }
    return changed;
  }

  select(ids: readonly string[]): void {
    for (const mark of this.all) mark.selected = false;
    for (const id of ids) {
      const mark = this.byId.get(id);
      if (mark !== undefined) mark.selected = true;
    }
  }

  private rebuild(): void {
    const known = this.byId;
    this.byId = new Map();
    this.all = [];
    for (const [id, drone] of this.sources.fleet.drones) {
      const mark = known.get(id) ?? new Mark(id, drone);
      if (mark.drone !== drone) {
        mark.drone = drone;
        mark.revision = -1;
      }
      this.byId.set(id, mark);
      this.all.push(mark);
    }
    this.select(this.sources.selection.drones);
  }
}
