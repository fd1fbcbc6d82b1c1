/** A field's values over time as they are drawn: gaps are nulls, summed-up stretches have a band. */

import type { Series, Summary } from "../api";
import type { Value } from "../live/protocol";
import type { PlotField } from "./fields";

type Drawn = number | null;

export interface Trace {
  field: PlotField;
  /** Milliseconds since 1970, growing; the samples' own times, or the starts of buckets. */
  timesMs: number[];
  /** Null between two samples stands for a gap. */
  values: Drawn[];
  /** Smallest and greatest value of each bucket; undefined where every sample is drawn. */
  band: { low: Drawn[]; high: Drawn[] } | undefined;
  /** Length of a bucket; undefined: every sample is drawn. */
  everyMs: number | undefined;
  /** Times further apart than this are a gap. */
  gapMs: number;
}

/** How far apart times may be before a line between them would be made up. */
export function gapLengthMs(staleAfterS: number, everyMs: number | undefined): number {
  // Samples in neighbouring buckets may lie one and a half buckets apart without a pause.
  return Math.max(1000 * staleAfterS, 2 * (everyMs ?? 0));
}

export function emptyTrace(field: PlotField, gapMs: number): Trace {
  return { field, timesMs: [], values: [], band: undefined, everyMs: undefined, gapMs };
}

/** A trace of samples as they are. */
export function sampleTrace(
  field: PlotField,
  series: Series<Value[]> | undefined,
  gapMs: number,
): Trace {
  const trace = emptyTrace(field, gapMs);
  const column = series?.fields[field.field] ?? [];
  series?.times.forEach((time, index) => {
    append(trace, Date.parse(time), column[index] ?? null);
  });
  return trace;
}

/** A trace of buckets: their means as a line, what they reach in a band. */
export function bucketTrace(
  field: PlotField,
  series: Series<Summary> | undefined,
  gapMs: number,
  everyMs: number,
): Trace {
  const trace: Trace = { ...emptyTrace(field, gapMs), band: { low: [], high: [] }, everyMs };
  const column = series?.fields[field.field];
  series?.times.forEach((time, index) => {
    append(
      trace,
      Date.parse(time),
      column?.mean[index] ?? null,
      column?.min[index] ?? null,
      column?.max[index] ?? null,
    );
  });
  return trace;
}

/** Add what comes next; a pause before it, and a value that is not a number, become a gap. */
export function append(
  trace: Trace,
  timeMs: number,
  value: Value,
  low: Value = value,
  high: Value = value,
): void {
  const last = trace.timesMs.at(-1);
  if (last !== undefined && timeMs <= last) return;
  if (last !== undefined && timeMs - last > trace.gapMs) push(trace, last + 1, null, null, null);
  const { factor } = trace.field;
  push(trace, timeMs, scaled(value, factor), scaled(low, factor), scaled(high, factor));
}

function push(trace: Trace, timeMs: number, value: Drawn, low: Drawn, high: Drawn): void {
  trace.timesMs.push(timeMs);
  trace.values.push(value);
  trace.band?.low.push(low);
  trace.band?.high.push(high);
}

function scaled(value: Value, factor: number): Drawn {
  return typeof value === "number" ? value * factor : null;
}

/** Forget what left the plot at its left. */
export function dropBefore(trace: Trace, startMs: number): void {
  let count = 0;
  // One point further left stays, so that the line reaches the edge.
  while (count + 1 < trace.timesMs.length && (trace.timesMs[count + 1] as number) < startMs) {
    count += 1;
  }
  if (count === 0) return;
  trace.timesMs.splice(0, count);
  trace.values.splice(0, count);
  trace.band?.low.splice(0, count);
  trace.band?.high.splice(0, count);
}

/** Whether there is anything to draw. */
export function hasValues(trace: Trace): boolean {
  return trace.values.some((value) => value !== null);
}

export interface Reading {
  timeMs: number;
  value: number;
  low: number;
  high: number;
}

/** The value nearest to a moment, no further off than a gap is long; undefined: there is none. */
export function readingAt(trace: Trace, momentMs: number): Reading | undefined {
  let best: number | undefined;
  let bestMs = trace.gapMs;
  let low = 0;
  let high = trace.timesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((trace.timesMs[middle] as number) < momentMs) low = middle + 1;
    else high = middle;
  }
  // The neighbour may be the null of a gap; then the one beyond it counts.
  for (let index = low - 2; index <= low + 1; index += 1) {
    const timeMs = trace.timesMs[index];
    if (timeMs === undefined || trace.values[index] === null) continue;
    const offMs = Math.abs(timeMs - momentMs);
    if (offMs <= bestMs) [best, bestMs] = [index, offMs];
  }
  return best === undefined ? undefined : readingOf(trace, best);
}

/** The newest value. */
export function lastReading(trace: Trace): Reading | undefined {
  const index = trace.values.findLastIndex((value) => value !== null);
  return index < 0 ? undefined : readingOf(trace, index);
}

function readingOf({ timesMs, values, band }: Trace, index: number): Reading {
  const value = values[index] as number;
  return {
    timeMs: timesMs[index] as number,
    value,
    low: band?.low[index] ?? value,
    high: band?.high[index] ?? value,
  };
}

/** Smallest and greatest value from one moment to another; undefined: there is none. */
export function extent(
  { timesMs, values, band }: Trace,
  startMs: number,
  endMs: number,
): { low: number; high: number } | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < timesMs.length; index += 1) {
    const timeMs = timesMs[index] as number;
    const value = values[index];
    if (timeMs < startMs || timeMs > endMs || value === null || value === undefined) continue;
    low = Math.min(low, band?.low[index] ?? value);
    high = Math.max(high, band?.high[index] ?? value);
  }
  return high < low ? undefined : { low, high };
}
