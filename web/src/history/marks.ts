/** Events that stand on the time slider. */

import type { DroneEvent } from "../live/protocol";
import { fractionOf, type Span } from "./playback";

export type MarkTone = "mode" | "warning" | "critical";

export interface Mark {
  timeMs: number;
  /** 0 to 1 along the slider. */
  fraction: number;
  tone: MarkTone;
  /** Several close together share one mark, the first first. */
  texts: string[];
}

/** MAV_SEVERITY. */
const CRITICAL = 2;
const WARNING = 4;
const STATE_KINDS = new Set(["mode", "armed", "disarmed"]);
const RANK: Record<MarkTone, number> = { mode: 0, warning: 1, critical: 2 };
/** Marks closer than this part of the slider fall on each other. */
const NEAR = 0.008;
const MOST_TEXTS = 6;

/** Marks of the events that matter, in the order of time; those too close are put together. */
export function marksOf(events: readonly DroneEvent[], span: Span): Mark[] {
  const marks: Mark[] = [];
  for (const event of events) {
    const tone = toneOf(event);
    const timeMs = Date.parse(event.time);
    if (tone === undefined || timeMs < span.startMs || timeMs > span.endMs) continue;
    const fraction = fractionOf(timeMs, span);
    const last = marks.at(-1);
    if (last !== undefined && fraction - last.fraction < NEAR) {
      if (RANK[tone] > RANK[last.tone]) last.tone = tone;
      if (last.texts.length < MOST_TEXTS) last.texts.push(event.text);
    } else marks.push({ timeMs, fraction, tone, texts: [event.text] });
  }
  return marks;
}

function toneOf({ kind, severity }: DroneEvent): MarkTone | undefined {
  if (severity <= CRITICAL) return "critical";
  if (severity <= WARNING) return "warning";
  return STATE_KINDS.has(kind) ? "mode" : undefined;
}
