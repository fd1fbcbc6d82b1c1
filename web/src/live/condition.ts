/** How a drone is, in one word and with the reasons: for counts, list, map and panel alike. */

import { clockText, durationText, freshness } from "./age";
import type { Channels } from "./channels";
import type { Drone } from "./fleet";

/**
 * The word for a drone. `lost`: it ought to be heard and is not. `offline`: on the ground, its agent
 * was stopped, or was not seen since the server started; nothing is wrong with it.
 */
export type StateName = "lost" | "critical" | "warning" | "normal" | "offline";

/** What asks for attention, the most urgent first. */
export const STATES: readonly StateName[] = ["critical", "lost", "warning", "normal", "offline"];

/** How loudly it asks; a drone that was switched off on the ground does not. */
export type Tone = "critical" | "warning" | "quiet";

export interface Condition {
  readonly state: StateName;
  readonly tone: Tone;
  /** In the pilot's words, the most urgent first; empty when all is well. */
  readonly reasons: readonly string[];
  readonly flying: boolean;
  /** Age of the newest sign of life, milliseconds; null: there never was one. */
  readonly ageMs: number | null;
}

export const BATTERY_WARNING_PERCENT = 15;
export const BATTERY_CRITICAL_PERCENT = 7;
export const FIX_3D = 3;
const FIX_NAMES = ["no GPS", "no GPS fix", "GPS fix only 2D"];

/** Vehicles that never fly. */
const ON_THE_SURFACE = new Set(["rover", "boat", "sub", "quadruped"]);

/** Whether it is off the ground, or must be taken to be. */
export function isFlying(drone: Drone): boolean {
  const { landed, armed, vehicle } = drone.state;
  if (vehicle !== null && ON_THE_SURFACE.has(vehicle)) return false;
  return landed === null ? armed === true : landed !== "on_ground";
}

/**
 * The condition of a drone. It is judged by what was heard until `heardMs` (`Clock.heardMs`): that
 * the page is cut off from the server says nothing about the drone. Ages are those at `nowMs`. Both
 * are moments of the server's clock.
 */
export function stateOf(
  drone: Drone,
  heardMs: number,
  channels: Channels,
  nowMs: number = heardMs,
): Condition {
  const { state } = drone;
  const flying = isFlying(drone);
  const ageMs = newestAgeMs(drone, nowMs);
  const heardAgeMs = Math.max(0, (ageMs ?? 0) - (nowMs - heardMs));
  const found = { flying, ageMs };

  const busy = flying || state.armed === true;
  const where = flying ? "in flight" : busy ? "while armed" : "on the ground";
  if (state.presence === "offline" || state.presence === "unknown") {
    if (busy) {
      // The bridge says `unknown` when it heard nothing for long: that is no news of a landing.
      const reason =
        state.presence === "offline"
          ? `agent stopped ${where}`
          : `not heard while ${flying ? "in flight" : "armed"}`;
      return { ...found, state: "lost", tone: "critical", reasons: [reason] };
    }
    const reason = state.presence === "offline" ? "agent stopped" : "not connected";
    return { ...found, state: "offline", tone: "quiet", reasons: [reason], flying: false };
  }
  if (state.presence === "lost") {
    const tone = busy ? "critical" : "quiet";
    return { ...found, state: "lost", tone, reasons: [`connection lost ${where}`] };
  }

  const critical: string[] = [];
  const warning: string[] = [];
  if (state.failsafe === "emergency") critical.push("emergency");
  if (state.failsafe === "critical") critical.push("failsafe");

  const percent = state.battery?.percent ?? null;
  if (percent !== null && percent <= BATTERY_WARNING_PERCENT) {
    const words = `battery ${Math.round(percent)} %`;
    (percent <= BATTERY_CRITICAL_PERCENT ? critical : warning).push(words);
  }

  if (state.link === "down") {
    (state.armed ? critical : warning).push("autopilot not heard");
  } else if (
    ageMs !== null &&
    freshness(heardAgeMs, channels.staleAfterS("heartbeat")) === "gone"
  ) {
    const tone = busy ? "critical" : "warning";
    const reasons = [`no data for ${durationText(ageMs)}`, ...critical, ...warning];
    return { ...found, state: "lost", tone, reasons };
  }

  const fix = drone.samples.get("gps/1/0")?.values.fix_type;
  if (state.armed && typeof fix === "number" && fix < FIX_3D) {
    warning.push(FIX_NAMES[fix] ?? "no GPS");
  }
  const clock = clockText(state.clock_error_s);
  if (clock !== null) warning.push(clock);

  const reasons = [...critical, ...warning];
  if (critical.length > 0) return { ...found, state: "critical", tone: "critical", reasons };
  if (warning.length > 0) return { ...found, state: "warning", tone: "warning", reasons };
  return { ...found, state: "normal", tone: "quiet", reasons };
}

function newestAgeMs(drone: Drone, nowMs: number): number | null {
  const ages = [drone.newest, drone.lastSample]
    .filter((heard) => heard !== undefined)
    .map((heard) => drone.ageMs(heard, nowMs));
  return ages.length === 0 ? null : Math.max(0, Math.min(...ages));
}
