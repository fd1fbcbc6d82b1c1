/** Where drones came from in the last minutes, kept in Mercator so that a frame only has to scale it. */

import type { Drone } from "../live/fleet";
import { mercatorX, mercatorY } from "./mercator";

const SHOWN_MS = 300_000;
/** A jump in time this long is a gap: nobody knows what was flown there. */
const GAP_MS = 15_000;

/** Points of one drone: x, y, time, one after the other, oldest first. */
export class Trail {
  readonly points: number[] = [];
  private source: readonly number[] | undefined;
  private newestMs = Number.NEGATIVE_INFINITY;

  /** Take over what the drone's trail has gained. */
  sync(drone: Drone): void {
    const { trail } = drone;
    const last = trail.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (trail !== this.source || last < this.newestMs) {
      this.points.length = 0;
      this.newestMs = Number.NEGATIVE_INFINITY;
      this.source = trail;
    }
    let from = trail.length;
    while (from >= 3 && (trail[from - 1] as number) > this.newestMs) from -= 3;
    for (let at = from; at < trail.length; at += 3) {
      const lon = trail[at] as number;
      const lat = trail[at + 1] as number;
      this.points.push(mercatorX(lon), mercatorY(lat), trail[at + 2] as number);
    }
    this.newestMs = last;
    let old = 0;
    while (old + 2 < this.points.length && (this.points[old + 2] as number) < last - SHOWN_MS)
      old += 3;
    if (old > 0) this.points.splice(0, old);
  }

  /**
   * Call back for each piece to draw with screen positions and how old it is, 0 (now) … 1; pieces
   * shorter than `leastPx` are drawn as one. The last one ends at the head, where the drone is drawn.
   */
  forEachPiece(
    {
      screen,
      leastPx,
      head,
    }: {
      screen: { toX(x: number, y: number): number; toY(x: number, y: number): number };
      leastPx: number;
      head: { screenX: number; screenY: number; timeMs: number } | undefined;
    },
    draw: (x0: number, y0: number, x1: number, y1: number, age0: number, age1: number) => void,
  ): void {
    const { points, newestMs } = this;
    let lastX = 0;
    let lastY = 0;
    let lastMs = Number.NaN;
    let previousMs = Number.NaN;
    for (let at = 0; at < points.length; at += 3) {
      const x = points[at] as number;
      const y = points[at + 1] as number;
      const timeMs = points[at + 2] as number;
      const screenX = screen.toX(x, y);
      const screenY = screen.toY(x, y);
      const starts = !(timeMs - previousMs <= GAP_MS);
      const ends = at + 3 >= points.length;
      previousMs = timeMs;
      if (!starts && !ends && Math.abs(screenX - lastX) + Math.abs(screenY - lastY) < leastPx)
        continue;
      if (!starts) {
        const older = (newestMs - lastMs) / SHOWN_MS;
        draw(lastX, lastY, screenX, screenY, older, (newestMs - timeMs) / SHOWN_MS);
      }
      lastX = screenX;
      lastY = screenY;
      lastMs = timeMs;
    }
    if (head === undefined || !(head.timeMs - newestMs <= GAP_MS)) return;
    draw(lastX, lastY, head.screenX, head.screenY, 0, 0);
  }
}
