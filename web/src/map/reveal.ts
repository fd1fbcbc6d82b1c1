/** How far the map moves so that a drone is seen: no further than it must, for its neighbours matter too. */

interface Pixels {
  x: number;
  y: number;
}

/** Nearer to the edge of what is seen than this counts as not seen. */
const LEAST_MARGIN_PX = 24;
/** What moves comes this far in, so that it does not leave again at once. */
const MARGIN_PX = 88;

/**
 * How far the centre of the map moves for a drone at this place, counted from the centre; undefined
 * when it is seen already. One that is more than a screen away becomes the centre.
 */
export function revealing(
  { x, y }: Pixels,
  { width, height }: { width: number; height: number },
): Pixels | undefined {
  const isSeen =
    Math.abs(x) < width / 2 - LEAST_MARGIN_PX && Math.abs(y) < height / 2 - LEAST_MARGIN_PX;
  if (isSeen) return undefined;
  if (Math.abs(x) > width || Math.abs(y) > height) return { x, y };
  return { x: beyond(x, width / 2 - MARGIN_PX), y: beyond(y, height / 2 - MARGIN_PX) };
}

function beyond(offset: number, limit: number): number {
  const most = Math.max(limit, 0);
  return Math.sign(offset) * Math.max(Math.abs(offset) - most, 0);
}
