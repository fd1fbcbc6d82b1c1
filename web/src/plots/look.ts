/** How traces are told apart: colour, dashes, and the letter that stands for them. */

export interface Look {
  colour: `--${string}`;
  /** Lengths of dashes and pauses, pixels; empty: one line. */
  dash: number[];
}

/** Never the colours of warnings: a line is no alarm. */
const LOOKS: readonly Look[] = [
  { colour: "--plot-1", dash: [] },
  { colour: "--plot-2", dash: [8, 4] },
  { colour: "--plot-3", dash: [2, 3] },
  { colour: "--plot-4", dash: [10, 3, 2, 3] },
  { colour: "--plot-5", dash: [16, 4] },
  { colour: "--plot-6", dash: [5, 2, 2, 2, 2, 2] },
];

export function lookOf(index: number): Look {
  return LOOKS[index % LOOKS.length] as Look;
}

/** As many decimals as tell neighbours on an axis, or values of this size, apart. */
export function decimalsFor(step: number): number {
  if (!(step > 0) || !Number.isFinite(step)) return 0;
  return Math.min(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), 7);
}

/** Decimals of a value in a table: hundredths of the range it moves in, about, at most seven. */
export function decimalsOf(low: number, high: number): number {
  const spread = high - low;
  if (Number.isInteger(low) && Number.isInteger(high) && spread >= 4) return 1;
  const size = spread > 0 ? spread : Math.abs(high);
  if (size === 0 || (spread === 0 && Number.isInteger(high))) return 0;
  return decimalsFor(size / 200);
}
