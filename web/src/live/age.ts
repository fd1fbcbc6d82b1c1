/** How old a value is, and what that means for the one who reads it. */

/** `dimmed` shows its age; `gone` is struck through: nobody may fly by it. */
export type Freshness = "fresh" | "dimmed" | "gone";

const GONE_FACTOR = 5;
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** What the channel's stale limit (seconds) makes of an age. */
export function freshness(ageMs: number, staleAfterS: number): Freshness {
  const ageS = ageMs / 1000;
  if (!(ageS > staleAfterS)) return "fresh";
  return ageS > GONE_FACTOR * staleAfterS ? "gone" : "dimmed";
}

/** A length of time in few characters: `0:07`, `12:40`, `3 h 05 min`, `4 d`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds >= DAY_S) return `${Math.floor(seconds / DAY_S)} d`;
  const two = (part: number) => String(part).padStart(2, "0");
  const minutes = Math.floor(seconds / MINUTE_S);
  if (seconds < HOUR_S) return `${minutes}:${two(seconds % MINUTE_S)}`;
  // Not `12:25:05`, which reads as a time of day.
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** What is written next to a value of this age: nothing, its age, or that there is none. */
export function ageText(ageMs: number, fresh: Freshness): string {
  if (fresh === "fresh") return "";
  return fresh === "dimmed"
    ? `${Math.floor(ageMs / 1000)} s`
    : `no data for ${durationText(ageMs)}`;
}

/**
 * Age of something a drone stamped, milliseconds. A drone without the right time is corrected by
 * how far its clock is off (seconds, receipt minus own time).
 */
export function correctedAgeMs(nowMs: number, timeMs: number, clockErrorS: number | null): number {
  return nowMs - timeMs - 1000 * (clockErrorS ?? 0);
}

/** A moment that a drone told, and when that was first heard here. */
export interface Heard {
  /** The drone's own time, milliseconds since 1970. */
  readonly timeMs: number;
  /** Local time of its arrival (`monotonicMs`); left out for what comes from the store. */
  readonly arrivedMs?: number;
}

/**
 * Age of something that was heard, milliseconds: by the drone's own time, and never less than it
 * has been here. A drone whose clock is ahead would else look live long after it fell silent.
 */
export function heardAgeMs(
  heard: Heard,
  clockErrorS: number | null,
  { nowMs, localMs }: { nowMs: number; localMs: number },
): number {
  const here = localMs - (heard.arrivedMs ?? localMs);
  return Math.max(correctedAgeMs(nowMs, heard.timeMs, clockErrorS), here);
}

/** How far a drone's clock is off, in words; null: it is right. */
export function clockText(clockErrorS: number | null): string | null {
  if (clockErrorS === null) return null;
  const direction = clockErrorS > 0 ? "behind" : "ahead";
  return `clock ${durationText(1000 * Math.abs(clockErrorS))} ${direction}`;
}
