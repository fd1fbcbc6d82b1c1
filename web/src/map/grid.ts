/** Spacing of the metric grid and of the graticule. */

/** Lines of one spacing, and how strongly they are drawn. */
export interface GridLevel {
  metres: number;
  /** 0 … 1 */
  strength: number;
}

const LEAST_GRID_M = 1;
/** Above this a plane grid no longer fits the globe; the graticule takes over. */
const MOST_GRID_M = 10_000;
const FAINT_PX = 12;
const STRONG_PX = 120;
const LABELLED_PX = 70;

/** The decades of metres to draw, fine ones first; a level grows stronger as its squares grow. */
export function gridLevels(pixelsPerMetre: number): GridLevel[] {
  const levels: GridLevel[] = [];
  for (let metres = LEAST_GRID_M; metres <= MOST_GRID_M; metres *= 10) {
    const strength = (metres * pixelsPerMetre - FAINT_PX) / (STRONG_PX - FAINT_PX);
    if (strength > 0) levels.push({ metres, strength: Math.min(strength, 1) });
    if (metres * pixelsPerMetre > 10 * STRONG_PX) break;
  }
  return levels;
}

/** The finest spacing in metres that has room for a label, if any. */
export function labelledMetres(pixelsPerMetre: number): number | undefined {
  return gridLevels(pixelsPerMetre).find((level) => level.metres * pixelsPerMetre >= LABELLED_PX)
    ?.metres;
}

const GRATICULE_STEPS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30];

/** Degrees between the lines of the graticule so that they are at least this far apart. */
export function graticuleStep(pixelsPerDegree: number, leastPixels = 110): number {
  return GRATICULE_STEPS.find((step) => step * pixelsPerDegree >= leastPixels) ?? 45;
}

/** Multiples of a step within a range, at most 200 of them. */
export function linesWithin(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.min(Math.floor(to / step + 1e-9), first + 199);
  return Array.from(
    { length: Math.max(last - first + 1, 0) },
    (_, index) => (first + index) * step,
  );
}

export function metresText(metres: number): string {
  return metres < 1000 ? `${metres} m` : `${metres / 1000} km`;
}

/** A distance along an axis, as "200 m E". */
export function offsetText(metres: number, positive: string, negative: string): string {
  if (Math.abs(metres) < 1e-6) return "0";
  return `${metresText(Math.abs(Math.round(metres)))} ${metres > 0 ? positive : negative}`;
}

/** A parallel or meridian, as "47.5° N". */
export function degreesText(degrees: number, positive: string, negative: string): string {
  const rounded = Math.round(degrees * 100) / 100;
  const side =
    rounded === 0 || Math.abs(rounded) === 180 ? "" : ` ${rounded > 0 ? positive : negative}`;
  return `${Math.abs(rounded)}°${side}`;
}
