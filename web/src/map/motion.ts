/**
 * Where a drone is drawn between two samples.
 *
 * At one sample a second an icon would jump. It is moved on with the speed of its newest sample, for at
 * most two seconds: a sample is late then, and where the drone is would be a guess. It waits there, and
 * once the sample is stale the icon is back where the drone was last reported, with a ring around it.
 * When a new sample disagrees with what is drawn, the difference fades instead of jumping.
 */

const MOST_AHEAD_MS = 2000;
const SETTLE_MS = 250;
/** A difference above this is a correction of the estimator or an old place: it is shown at once. */
const MOST_FADED_M = 200;
const MOST_RING_M = 5000;
const MOST_RING_AGE_MS = 600_000;
/** Who reported no speed may have been pushed or may have left since. */
const LEAST_RING_SPEED = 1;

/** Milliseconds that a sample of this age is moved on with its own speed. */
export function aheadMs(ageMs: number, staleMs: number): number {
  if (ageMs >= staleMs) return 0;
  return Math.min(Math.max(ageMs, 0), MOST_AHEAD_MS);
}

/** What is left of a difference after this time, 1 … 0. */
export function remaining(elapsedMs: number): number {
  return elapsedMs >= 4 * SETTLE_MS ? 0 : Math.exp(-Math.max(elapsedMs, 0) / SETTLE_MS);
}

/** Whether a difference between the drawn and the reported place is one to fade. */
export function isFaded(metres: number): boolean {
  return metres < MOST_FADED_M;
}

/** Radius in metres that a drone may have covered since its last sample. */
export function ringMetres(ageMs: number, speed: number): number {
  const seconds = Math.min(ageMs, MOST_RING_AGE_MS) / 1000;
  return Math.min(seconds * Math.max(speed, LEAST_RING_SPEED), MOST_RING_M);
}

/** The shown heading after a step towards the reported one, the short way round; radians. */
export function turned(shown: number, reported: number, stepMs: number): number {
  const difference = Math.atan2(Math.sin(reported - shown), Math.cos(reported - shown));
  if (Math.abs(difference) < 0.01) return reported;
  return shown + difference * (1 - Math.exp(-stepMs / SETTLE_MS));
}
