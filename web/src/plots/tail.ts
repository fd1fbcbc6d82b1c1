/** The live end of a plot: what the fleet's store heard since the plot was read. */

import { type Fleet, seriesKey } from "../live/fleet";
import { append, dropBefore, type Trace } from "./trace";

/**
 * Add each trace's newest sample where it is new, and not from before the plot. Returns whether
 * anything was added.
 */
export function followLive(
  traces: readonly Trace[],
  drone: string,
  fleet: Fleet,
  startMs: number,
): boolean {
  let added = false;
  for (const trace of traces) {
    const { channel, component, instance, field } = trace.field;
    const sample = fleet.drones.get(drone)?.samples.get(seriesKey(channel, component, instance));
    const last = trace.timesMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (sample === undefined || sample.timeMs <= last || sample.timeMs < startMs) continue;
    append(trace, sample.timeMs, sample.values[field] ?? null);
    added = true;
  }
  return added;
}

/**
 * The traces read anew, continued with what the ones before had heard live after their end: the
 * store may be a second behind.
 */
export function continued(read: readonly Trace[], before: readonly Trace[]): readonly Trace[] {
  for (const trace of read) {
    const heard = before.find(({ field }) => field.key === trace.field.key);
    const last = trace.timesMs.at(-1);
    // A bucket's start is not its newest sample: what was heard within it is in it.
    const from = (last ?? Number.NEGATIVE_INFINITY) + (trace.everyMs ?? 0);
    heard?.timesMs.forEach((timeMs, index) => {
      const value = heard.values[index] ?? null;
      if (timeMs > from && value !== null) append(trace, timeMs, value / trace.field.factor);
    });
  }
  return read;
}

export function forgetBefore(traces: readonly Trace[], startMs: number): void {
  for (const trace of traces) dropBefore(trace, startMs);
}
