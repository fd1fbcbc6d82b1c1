/** What a drone was doing at a moment: mode from its events, the rest from its samples. */

import type { DroneEvent } from "../live/protocol";
import type { Doing, TimedSample } from "../values";

/** MAV_MODE_FLAG_SAFETY_ARMED. */
const ARMED_FLAG = 128;

/** By MAV_LANDED_STATE; 0 is undefined. */
const LANDED: Record<number, Doing["landed"]> = {
  1: "on_ground",
  2: "in_air",
  3: "takeoff",
  4: "landing",
};

/** The mode after the last event that told one; before the first, what that one left. */
export function modeAt(events: readonly DroneEvent[], momentMs: number): string | null {
  let mode: string | null = null;
  for (const event of events) {
    const past = Date.parse(event.time) <= momentMs;
    if (event.kind === "mode") {
      if (past) mode = word(event.data.to);
      else return mode ?? word(event.data.from);
    } else if (event.kind === "armed" || event.kind === "disarmed") {
      if (past) mode = word(event.data.mode) ?? mode;
      else return mode ?? word(event.data.mode);
    }
  }
  return mode;
}

export function armedOf(heartbeat: TimedSample | undefined): boolean | null {
  const flags = heartbeat?.values.base_mode;
  return typeof flags === "number" ? (flags & ARMED_FLAG) !== 0 : null;
}

export function landedOf(landed: TimedSample | undefined): Doing["landed"] {
  const state = landed?.values.landed_state;
  return typeof state === "number" ? (LANDED[state] ?? null) : null;
}

function word(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
