/** The heights of a flight as a small drawing behind the time slider. */

import type { Track } from "../api";
import { fractionOf, type Span } from "./playback";

/** A pause in the track longer than this is left open. */
const GAP_MS = 30_000;

/** An SVG path over a box of 1000 × 100, the highest point at its top; "": nothing to draw. */
export function profilePath(track: Track | undefined, span: Span): string {
  const heights = track?.properties.relative_alt ?? [];
  const times = (track?.properties.times ?? []).map(Date.parse);
  const known = heights.filter((height) => height !== null);
  const top = known.reduce((most, height) => Math.max(most, height), 1);
  let path = "";
  let open = -1;
  let previousMs = Number.NEGATIVE_INFINITY;
  const close = () => (open < 0 ? "" : `L${open.toFixed(1)} 100Z`);
  heights.forEach((height, index) => {
    const timeMs = times[index];
    if (height === null || timeMs === undefined) return;
    const x = 1000 * fractionOf(timeMs, span);
    const y = 100 - (100 * Math.max(0, height)) / top;
    if (timeMs - previousMs > GAP_MS) path += `${close()}M${x.toFixed(1)} 100`;
    path += `L${x.toFixed(1)} ${y.toFixed(1)}`;
    open = x;
    previousMs = timeMs;
  });
  return path + close();
}

/** Greatest height of the track, metres above home. */
export function greatestHeight(track: Track | undefined): number | null {
  const known = (track?.properties.relative_alt ?? []).filter((height) => height !== null);
  return known.length === 0 ? null : known.reduce((most, height) => Math.max(most, height));
}
