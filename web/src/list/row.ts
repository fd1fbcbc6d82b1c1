/** What a row of the list shows of a drone: each value with the age of what it comes from. */

import { ageText, durationText, type Freshness, freshness, type Heard } from "../live/age";
import type { Channels } from "../live/channels";
import type { Condition } from "../live/condition";
import type { Drone } from "../live/fleet";
import { altitudeOf } from "./order";

export interface Shown {
  /** Null: not known. */
  readonly value: number | null;
  readonly freshness: Freshness;
}

export interface Row {
  /** Not heard, and it is said for how long: nothing of it counts. */
  readonly hollow: boolean;
  /** Percent. */
  readonly battery: Shown;
  /** Metres above home. */
  readonly altitude: Shown;
  /** What asks for attention, else what it does. */
  readonly words: string;
  /** That of the heartbeat, which tells what it does. */
  readonly wordsFreshness: Freshness;
  /** The age of what is worst off: gone before dimmed, then the oldest; empty: all is fresh. */
  readonly note: string;
}

/** The row at this moment of the server's clock, whether the page is cut off or not. */
export function rowOf(
  drone: Drone,
  condition: Condition,
  { channels, nowMs }: { channels: Pick<Channels, "staleAfterS">; nowMs: number },
): Row {
  const { samples, stateTime } = drone;
  const hollow = condition.state === "lost" || condition.state === "offline";
  const ageOf = (heard: Heard | undefined, channel: string) => {
    const ageMs = heard === undefined ? (condition.ageMs ?? 0) : drone.ageMs(heard, nowMs);
    const fresh = freshness(ageMs, channels.staleAfterS(channel));
    return { freshness: hollow ? ("gone" as const) : fresh, note: ageText(ageMs, fresh), ageMs };
  };
  const battery = ageOf(batteryHeard(drone), "system");
  const altitude = ageOf(samples.get("position/1/0"), "position");
  const doing = ageOf(samples.get("heartbeat/1/0") ?? stateTime, "heartbeat");
  const isGone = (age: { freshness: Freshness }) => Number(age.freshness === "gone");
  const [worst] = [battery, altitude, doing]
    .filter(({ note }) => note !== "")
    .sort((a, b) => isGone(b) - isGone(a) || b.ageMs - a.ageMs);
  return {
    hollow,
    battery: { value: batteryOf(drone), freshness: battery.freshness },
    altitude: { value: altitudeOf(drone), freshness: altitude.freshness },
    words: wordsFor(drone, condition),
    // What is said of a lost or stopped drone is true now.
    wordsFreshness: hollow ? "fresh" : doing.freshness,
    note: hollow ? "" : (worst?.note ?? ""),
  };
}

const SYSTEM = "system/1/0";

/** Percent, as newest known. */
function batteryOf({ samples, state }: Drone): number | null {
  const live = samples.get(SYSTEM)?.values.battery_remaining;
  return typeof live === "number" ? live : (state.battery?.percent ?? null);
}

function batteryHeard({ samples, stateTime }: Drone): Heard | undefined {
  return samples.get(SYSTEM) ?? stateTime;
}

/** What is said below a drone's name: what asks for attention, else what it does. */
function wordsFor(drone: Drone, { state, reasons, ageMs }: Condition): string {
  if (state === "lost" && ageMs !== null) {
    const [reason = "lost"] = reasons;
    return reason.startsWith("no data") ? reason : `lost ${durationText(ageMs)}`;
  }
  if (state === "offline") {
    return ageMs === null ? "offline" : `offline ${durationText(ageMs)}`;
  }
  if (reasons.length > 0) return reasons.join(", ");
  const mode = drone.state.mode ?? "mode unknown";
  return drone.state.armed ? mode : `${mode} · disarmed`;
}
