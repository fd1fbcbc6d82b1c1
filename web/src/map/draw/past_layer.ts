/** A flight of the past: its whole way, the part flown so far, and the drone at the moment shown. */

import { shortened } from "../../format";
import { touches } from "../../history/arriving";
import { ageText } from "../../live/age";
import { cellOf } from "../icons";
import { mercatorX, mercatorY, type Screen } from "../mercator";
import { cssColour, packed } from "../palette";
import type { PastMoment, PastPlace, Track } from "../types";
import { ICON_PX } from "./atlas";
import { type Brush, DIMMED, startLabels } from "./fleet_layers";

/** A track in Mercator, made once. */
export class Way {
  /** x, y, time (ms), one after the other. */
  private readonly points: Float64Array;

  constructor(track: Track) {
    const { geometry, properties } = track;
    const coordinates = geometry?.type === "LineString" ? geometry.coordinates : [];
    this.points = new Float64Array(3 * coordinates.length);
    for (const [index, [lon = 0, lat = 0]] of coordinates.entries()) {
      const time = properties.times[index];
      this.points[3 * index] = mercatorX(lon);
      this.points[3 * index + 1] = mercatorY(lat);
      this.points[3 * index + 2] = time === undefined ? Number.NaN : Date.parse(time);
    }
  }

  positions(): { x: number; y: number }[] {
    return Array.from({ length: this.points.length / 3 }, (_, index) => ({
      x: this.points[3 * index] as number,
      y: this.points[3 * index + 1] as number,
    }));
  }

  /**
   * The whole way; the part flown so far ends at the drone, where its place is known. A line over what
   * is still to come would be a way that nobody flew.
   */
  draw(
    { screen, drawing, palette }: Pick<Brush, "screen" | "drawing" | "palette">,
    momentMs: number,
    { position, arriving }: Pick<PastMoment, "position" | "arriving">,
  ): void {
    const flown = packed(palette.selected, 0.95);
    const ahead = packed(palette.trail, 0.7);
    const { points } = this;
    const drone =
      position === undefined || position.fresh === "gone"
        ? undefined
        : pixel(screen, mercatorX(position.lon), mercatorY(position.lat));
    for (let at = 3; at < points.length; at += 3) {
      const step = { startMs: points[at - 1] as number, endMs: points[at + 2] as number };
      if (arriving.some((stretch) => touches(stretch, step))) continue;
      const from = pixel(screen, points[at - 3] as number, points[at - 2] as number);
      const to = pixel(screen, points[at] as number, points[at + 1] as number);
      if (step.endMs <= momentMs) drawing.segments.add(...from, ...to, 3, flown);
      else if (step.startMs < momentMs && drone !== undefined) {
        drawing.segments.add(...drone, ...to, 2, ahead);
        drawing.segments.add(...from, ...drone, 3, flown);
      } else drawing.segments.add(...from, ...to, 2, ahead);
    }
  }
}

function pixel(screen: Screen, x: number, y: number): [number, number] {
  return [screen.toX(x, y), screen.toY(x, y)];
}

const RADIUS_PX = 19;
const LABEL_GAP_PX = 4;
const DASHES = 16;

/**
 * The drone where it was at the moment. Beyond the stale limit it is pale and has its age; beyond
 * five times that nobody knows where it was, and its last place is a hollow mark.
 */
export function drawPastDrone(
  { screen, drawing, palette }: Brush,
  { name, position, cell }: { name: string; position: PastPlace; cell: number | undefined },
): void {
  const [x, y] = pixel(screen, mercatorX(position.lon), mercatorY(position.lat));
  const { fresh, heading } = position;
  const opacity = fresh === "fresh" ? 1 : DIMMED;
  const selected = packed(palette.selected, opacity);
  const inside = packed(palette.selected, fresh === "gone" ? 0 : 0.12 * opacity);
  drawing.discs.add(x, y, RADIUS_PX, 2.5, inside, selected, DASHES);
  if (fresh !== "gone") {
    const shape = heading === null ? cellOf("disc") : (cell ?? cellOf("arrow"));
    const angle = (((heading ?? screen.bearing) - screen.bearing) * Math.PI) / 180;
    const halo = packed(palette.halo);
    const drawn = packed(palette.halo, opacity);
    drawing.icons.add(x, y, ICON_PX, angle, shape, packed(palette.normal), halo, drawn);
  }
  const words = [shortened(name), pastAgeText(position)].filter(Boolean).join("  ");
  const { text } = drawing;
  startLabels(text, palette, 1);
  text.strokeText(words, x + RADIUS_PX + LABEL_GAP_PX, y);
  text.fillStyle = cssColour(palette.text, 1);
  text.fillText(words, x + RADIUS_PX + LABEL_GAP_PX, y);
}

/** What is written after the name of the drone of the past: nothing while its place is fresh. */
export function pastAgeText({ ageMs, fresh }: PastPlace): string {
  const age = ageText(ageMs, fresh);
  return fresh === "dimmed" ? `${age} old` : age;
}
