/** Where a drone was between two of its samples. */

import type { Columns } from "./columns";
import { indexAt } from "./columns";

/** Between samples further apart nobody knows where it was. */
export const MOST_BETWEEN_MS = 2000;

export interface Place {
  lat: number;
  lon: number;
  /** Degrees. */
  heading: number | null;
}

/** A place with the time of the sample that it is counted from, milliseconds since 1970. */
export interface Fix extends Place {
  timeMs: number;
}

/**
 * The place at a moment: along the line between two samples at most two seconds apart, else where
 * the sample before was. Undefined before the first one.
 */
export function placeAt(columns: Columns, momentMs: number): Fix | undefined {
  const index = indexAt(columns.timesMs, momentMs);
  const from = fixOf(columns, index);
  if (from === undefined) return undefined;
  const to = fixOf(columns, index + 1);
  if (to === undefined || to.timeMs - from.timeMs > MOST_BETWEEN_MS) return from;
  const part = (momentMs - from.timeMs) / (to.timeMs - from.timeMs);
  return {
    timeMs: from.timeMs,
    lat: from.lat + part * (to.lat - from.lat),
    lon: between(from.lon, to.lon, part, 180),
    heading:
      from.heading === null || to.heading === null
        ? from.heading
        : (between(from.heading, to.heading, part, 180) + 360) % 360,
  };
}

/** Along the shorter way around a circle of two half turns. */
function between(from: number, to: number, part: number, half: number): number {
  let way = (to - from) % (2 * half);
  if (way > half) way -= 2 * half;
  if (way < -half) way += 2 * half;
  return from + part * way;
}

function fixOf({ timesMs, fields }: Columns, index: number): Fix | undefined {
  const timeMs = timesMs[index];
  const lat = fields.lat?.[index];
  const lon = fields.lon?.[index];
  if (timeMs === undefined || typeof lat !== "number" || typeof lon !== "number") return undefined;
  if (lat === 0 && lon === 0) return undefined;
  const heading = fields.hdg?.[index];
  return { timeMs, lat, lon, heading: typeof heading === "number" ? heading : null };
}
