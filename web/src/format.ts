/** How numbers, times and names are written, the same everywhere. */

import { dayText, timeText } from "./history/times";
import type { Zone } from "./state/zone";

/** Stands for a value that is not known. */
export const UNKNOWN = "–";

/** A number with fixed decimals and a true minus sign. */
export function numberText(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const text = Math.abs(value).toFixed(decimals);
  // No "−0.0": a value that rounds to nothing has no direction.
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** As `numberText`, with a plus sign where it is more than nothing. */
export function signedText(value: number | null | undefined, decimals: number): string {
  const text = numberText(value, decimals);
  return typeof value === "number" && value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

export interface Quantity {
  text: string;
  unit: string;
}

/** A distance in metres, or in kilometres from ten on. */
export function distance(metres: number | null | undefined): Quantity {
  if (typeof metres === "number" && Math.abs(metres) >= 10_000) {
    return { text: numberText(metres / 1000, 1), unit: "km" };
  }
  return { text: numberText(metres, 0), unit: "m" };
}

/** `10:02:31`. */
export function clockTime(timeMs: number, zone: Zone): string {
  return Number.isFinite(timeMs) ? timeText(timeMs, zone) : UNKNOWN;
}

/** `10:02`, with the day where it is not that of `nowMs`. */
export function minuteTime(timeMs: number, nowMs: number, zone: Zone): string {
  if (!Number.isFinite(timeMs)) return UNKNOWN;
  const minute = timeText(timeMs, zone).slice(0, 5);
  const day = dayText(timeMs, zone);
  return day === dayText(nowMs, zone) ? minute : `${day} ${minute}`;
}

const VEHICLES: Record<string, string> = { vtol: "VTOL", uav: "UAV" };
const AUTOPILOTS: Record<string, string> = { ardupilot: "ArduPilot", px4: "PX4" };

/** `Copter` for `copter`. */
export function vehicleName(vehicle: string | null): string {
  if (vehicle === null) return "Unknown type";
  return VEHICLES[vehicle] ?? capital(vehicle);
}

export function autopilotName(autopilot: string | null): string {
  if (autopilot === null) return "unknown autopilot";
  return AUTOPILOTS[autopilot] ?? capital(autopilot);
}

/** `2` for the instance `1`, as people count; a name that is no number stays as it is. */
export function instanceName(instance: string): string {
  return /^\d+$/.test(instance) ? String(Number(instance) + 1) : instance;
}

const MOST_LETTERS = 22;
/** Fleets number their drones: what tells them apart is at the end. */
const LAST_LETTERS = 9;

/** A long name without its middle. */
export function shortened(name: string): string {
  if (name.length <= MOST_LETTERS) return name;
  return `${name.slice(0, MOST_LETTERS - LAST_LETTERS - 1)}…${name.slice(-LAST_LETTERS)}`;
}

export function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
