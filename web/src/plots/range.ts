/** Ranges of time as people choose and write them. */

import type { Zone } from "../history/times";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The last stretch up to now, the flight in view, or from one moment to another. */
export type PlotRange =
  | { kind: "last"; lengthMs: number }
  | { kind: "flight" }
  | { kind: "fixed"; startMs: number; endMs: number };

export interface Span {
  startMs: number;
  endMs: number;
}

export const LASTS = [
  { name: "5 min", lengthMs: 5 * MINUTE_MS },
  { name: "1 h", lengthMs: HOUR_MS },
  { name: "24 h", lengthMs: DAY_MS },
] as const;

export const DEFAULT_RANGE: PlotRange = { kind: "last", lengthMs: 5 * MINUTE_MS };

/** The moments of a range; without a flight in view its range is the default one. */
export function spanOf(range: PlotRange, nowMs: number, flight: Span | undefined): Span {
  if (range.kind === "fixed") return { startMs: range.startMs, endMs: range.endMs };
  if (range.kind === "flight" && flight !== undefined) {
    return { startMs: flight.startMs, endMs: flight.endMs };
  }
  const lengthMs = range.kind === "last" ? range.lengthMs : 5 * MINUTE_MS;
  return { startMs: nowMs - lengthMs, endMs: nowMs };
}

const UNIT_MS: Record<string, number> = {
  s: SECOND_MS,
  m: MINUTE_MS,
  min: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
};
const BACK = /^-\s*(\d{1,6}(?:\.\d{1,3})?)\s*(s|min|m|h|d)$/;
const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?)?\s*(Z|UTC)?$/i;
const TIME = /^(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?\s*(Z|UTC)?$/i;

/** A moment somebody typed: `2026-11-21 10:02:11`, `10:02` (today), `-10m`, `now`; NaN: none. */
export function parseMoment(text: string, nowMs: number, zone: Zone): number {
  const words = text.trim();
  if (words === "now") return nowMs;
  const back = BACK.exec(words);
  if (back) return nowMs - Number(back[1]) * (UNIT_MS[back[2] ?? ""] ?? Number.NaN);
  const full = DATE_TIME.exec(words);
  if (full) {
    const [, year, month, day, hour, minute, second, rest, utc] = full;
    const date = [Number(year), Number(month) - 1, Number(day)] as const;
    return momentMs(date, [hour, minute, second, rest], utc ? "utc" : zone);
  }
  const time = TIME.exec(words);
  if (!time) return Number.NaN;
  const [, hour, minute, second, rest, utc] = time;
  const of = utc ? "utc" : zone;
  const now = new Date(nowMs);
  const date =
    of === "utc"
      ? ([now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()] as const)
      : ([now.getFullYear(), now.getMonth(), now.getDate()] as const);
  return momentMs(date, [hour, minute, second, rest], of);
}

function momentMs(
  [year, month, day]: readonly [number, number, number],
  clock: readonly (string | undefined)[],
  zone: Zone,
): number {
  const [hour = 0, minute = 0, second = 0, rest = 0] = clock.map((part) => Number(part ?? 0));
  if (month > 11 || hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const parts = [year, month, day, hour, minute, second, Math.round(1000 * rest)] as const;
  const moment = zone === "utc" ? new Date(Date.UTC(...parts)) : new Date(...parts);
  // February 30 must not quietly become March 2.
  const dayThere = zone === "utc" ? moment.getUTCDate() : moment.getDate();
  return dayThere === day ? moment.getTime() : Number.NaN;
}

/** A range somebody typed, or a sentence that says what is wrong with it. */
export function parseRange(from: string, to: string, nowMs: number, zone: Zone): Span | string {
  const startMs = parseMoment(from, nowMs, zone);
  const endMs = parseMoment(to, nowMs, zone);
  const how = "Write 2026-11-21 10:02:11, 10:02 for today, -10m for ten minutes ago, or now.";
  if (Number.isNaN(startMs)) return `“${from}” is not a time. ${how}`;
  if (Number.isNaN(endMs)) return `“${to}” is not a time. ${how}`;
  if (startMs < 0) return "The start is before 1970.";
  if (startMs >= endMs) return "The start must be before the end.";
  return { startMs, endMs };
}

/** Lengths of buckets that people can read, ascending. */
const EVERY: readonly (readonly [string, number])[] = [
  ["100ms", 100],
  ["200ms", 200],
  ["500ms", 500],
  ["1s", SECOND_MS],
  ["2s", 2 * SECOND_MS],
  ["5s", 5 * SECOND_MS],
  ["10s", 10 * SECOND_MS],
  ["15s", 15 * SECOND_MS],
  ["30s", 30 * SECOND_MS],
  ["1m", MINUTE_MS],
  ["2m", 2 * MINUTE_MS],
  ["5m", 5 * MINUTE_MS],
  ["10m", 10 * MINUTE_MS],
  ["15m", 15 * MINUTE_MS],
  ["30m", 30 * MINUTE_MS],
  ["1h", HOUR_MS],
  ["2h", 2 * HOUR_MS],
  ["6h", 6 * HOUR_MS],
  ["12h", 12 * HOUR_MS],
  ["1d", DAY_MS],
  ["7d", 7 * DAY_MS],
  ["30d", 30 * DAY_MS],
];

export interface Every {
  text: string;
  lengthMs: number;
}

/** The shortest bucket with which a span has at most one for each pixel. */
export function everyFor({ startMs, endMs }: Span, widthPx: number): Every {
  const wanted = (endMs - startMs) / Math.max(widthPx, 1);
  const [text, lengthMs] = EVERY.find(([, length]) => length >= wanted) ?? ["366d", 366 * DAY_MS];
  return { text, lengthMs };
}

/** After how long a plot that follows the present is read again from the store. */
export function rereadMs(lengthMs: number): number {
  return Math.min(Math.max(lengthMs / 20, 15 * SECOND_MS), 5 * MINUTE_MS);
}
