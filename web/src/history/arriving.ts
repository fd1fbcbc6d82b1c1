/** History that is not there: stretches that are still to come, and those that never will. */

import type { Backlog, DroneEvent } from "../live/protocol";
import type { Zone } from "../state/zone";
import type { Span } from "./playback";
import { dayText, timeText } from "./times";

/** The parts of a span that are still to come, in the order of time. */
export function arrivingIn(backlog: readonly Backlog[], span: Span): Span[] {
  return backlog
    .map(({ from, to }) => ({ startMs: Date.parse(from), endMs: Date.parse(to) }))
    .filter(({ startMs, endMs }) => startMs <= span.endMs && endMs >= span.startMs)
    .map(({ startMs, endMs }) => ({
      startMs: Math.max(startMs, span.startMs),
      endMs: Math.min(endMs, span.endMs),
    }));
}

/** What was still to come before and is not any more: it can be read now. */
export function arrived(before: readonly Span[], after: readonly Span[]): Span[] {
  let left = [...before];
  for (const waiting of after) {
    left = left.flatMap(({ startMs, endMs }) => {
      if (startMs > waiting.endMs || endMs < waiting.startMs) return [{ startMs, endMs }];
      const parts: Span[] = [];
      if (startMs < waiting.startMs) parts.push({ startMs, endMs: waiting.startMs });
      if (endMs > waiting.endMs) parts.push({ startMs: waiting.endMs, endMs });
      return parts;
    });
  }
  return left;
}

/** Whether two spans share a moment. */
export function touches(a: Span, b: Span): boolean {
  return a.startMs <= b.endMs && b.startMs <= a.endMs;
}

/** What an agent gave up, as an event of kind `dropped` tells it; undefined: not known. */
export function givenUp({ kind, data }: DroneEvent): Span | undefined {
  if (kind !== "dropped") return undefined;
  const startMs = momentOf(data.from);
  const endMs = momentOf(data.to);
  // Where a file was lost nobody knows its times, and they are told as 1970.
  return startMs > 0 && endMs >= startMs ? { startMs, endMs } : undefined;
}

/** What was given up in a span; stretches that touch are one. */
export function givenUpIn(events: readonly DroneEvent[], span: Span): Span[] {
  const found = events
    .map(givenUp)
    .filter((each) => each !== undefined)
    .filter((each) => touches(each, span))
    .sort((a, b) => a.startMs - b.startMs);
  const joined: Span[] = [];
  for (const each of found) {
    const last = joined.at(-1);
    if (last !== undefined && touches(last, each)) last.endMs = Math.max(last.endMs, each.endMs);
    else joined.push({ ...each });
  }
  return joined;
}

/** `10:02:05–10:03:10`, with days where it is not all of one. */
export function stretchText({ startMs, endMs }: Span, zone: Zone): string {
  const [first, last] = [dayText(startMs, zone), dayText(endMs, zone)];
  const [start, end] = [timeText(startMs, zone), timeText(endMs, zone)];
  if (first !== last) return `${first} ${start} – ${last} ${end}`;
  return start === end ? start : `${start}–${end}`;
}

function momentOf(value: unknown): number {
  return typeof value === "string" ? Date.parse(value) : Number.NaN;
}
