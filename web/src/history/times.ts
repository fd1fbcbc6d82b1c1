/** Moments and spans as text: UTC, or the reader's zone, always told which. */

import type { Zone } from "../state/zone";

export type { Zone };

const two = (part: number) => String(part).padStart(2, "0");

/** `2026-11-21`. */
export function dayText(timeMs: number, zone: Zone): string {
  const date = new Date(timeMs);
  const [year, month, day] =
    zone === "utc"
      ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
      : [date.getFullYear(), date.getMonth(), date.getDate()];
  return `${String(year).padStart(4, "0")}-${two(month + 1)}-${two(day)}`;
}

const DAY_MS = 86_400_000;

/** `today`, `yesterday`, or the day itself. */
export function dayWord(timeMs: number, nowMs: number, zone: Zone): string {
  const day = dayText(timeMs, zone);
  if (day === dayText(nowMs, zone)) return "today";
  return day === dayText(nowMs - DAY_MS, zone) ? "yesterday" : day;
}

/** `10:02:11`, with `decimals` of the second. */
export function timeText(timeMs: number, zone: Zone, decimals = 0): string {
  const date = new Date(timeMs);
  const [hours, minutes, seconds] =
    zone === "utc"
      ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
      : [date.getHours(), date.getMinutes(), date.getSeconds()];
  const rest = String(date.getUTCMilliseconds()).padStart(3, "0").slice(0, decimals);
  return `${two(hours)}:${two(minutes)}:${two(seconds)}${decimals > 0 ? `.${rest}` : ""}`;
}

/** `2026-11-21 10:02:11 UTC`. */
export function momentText(timeMs: number, zone: Zone, decimals = 0): string {
  return `${dayText(timeMs, zone)} ${timeText(timeMs, zone, decimals)} ${zoneName(zone, timeMs)}`;
}

/** `UTC`, or the reader's offset at that time, such as `UTC+2`. */
export function zoneName(zone: Zone, timeMs: number): string {
  if (zone === "utc") return "UTC";
  const minutes = -new Date(timeMs).getTimezoneOffset();
  if (minutes === 0) return "UTC+0";
  const hours = Math.floor(Math.abs(minutes) / 60);
  const rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest === 0 ? "" : `:${two(rest)}`}`;
}
