/** Samples of one series in columns, and how the one of a moment is found. */

import type { Series } from "../api";
import type { Value } from "../live/protocol";
import type { TimedSample } from "../values";

export interface Columns {
  /** Milliseconds since 1970, growing. */
  timesMs: Float64Array;
  fields: Record<string, readonly Value[]>;
}

export function columnsOf(series: Series<Value[]>): Columns {
  return { timesMs: Float64Array.from(series.times, Date.parse), fields: series.fields };
}

/** Index of the newest time at or before the moment; -1: all are later. */
export function indexAt(timesMs: ArrayLike<number>, momentMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timesMs[middle] as number) <= momentMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function sampleOf(columns: Columns, index: number): TimedSample | undefined {
  const timeMs = columns.timesMs[index];
  if (timeMs === undefined) return undefined;
  const values: Record<string, Value> = {};
  for (const [name, column] of Object.entries(columns.fields)) values[name] = column[index] ?? null;
  return { timeMs, values };
}

/** One after the other; both of the same series. */
export function joined(first: Columns, second: Columns): Columns {
  const timesMs = new Float64Array(first.timesMs.length + second.timesMs.length);
  timesMs.set(first.timesMs);
  timesMs.set(second.timesMs, first.timesMs.length);
  const fields: Record<string, readonly Value[]> = {};
  for (const name of Object.keys(second.fields)) {
    const before = first.fields[name] ?? Array<Value>(first.timesMs.length).fill(null);
    fields[name] = [...before, ...(second.fields[name] ?? [])];
  }
  return { timesMs, fields };
}
