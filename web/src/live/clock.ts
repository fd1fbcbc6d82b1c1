/** The server's clock, as well as it can be known from here. */

/** A measurement counts this long; then a newer one takes over, even a worse one. */
const BEST_FOR_MS = 120_000;

/**
 * Milliseconds that only ever grow: nobody sets this clock, neither a person nor NTP. It began as
 * the time of day and may drift away from it; in some browsers it stands still during sleep.
 */
export function monotonicMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * "Local" is everywhere a clock that is not set (`monotonicMs`). The server's time is kept as its
 * offset, so that setting the computer's time of day changes no age.
 */
export class Clock {
  private offsetMs = 0;
  private errorMs = Number.POSITIVE_INFINITY;
  private measuredMs = Number.NEGATIVE_INFINITY;
  private awaySinceMs: number | undefined;

  constructor(readonly localMs: () => number = monotonicMs) {}

  /** Milliseconds since 1970. */
  nowMs(): number {
    return this.localMs() + this.offsetMs;
  }

  /** Local time since when the fleet is not heard; undefined: it is, or never was. */
  get awaySince(): number | undefined {
    return this.awaySinceMs;
  }

  /** Until when the fleet was heard: now, or when the way to the server or its broker broke. */
  heardMs(): number {
    return Math.min(this.nowMs(), (this.awaySinceMs ?? Number.POSITIVE_INFINITY) + this.offsetMs);
  }

  /** The server answered with its time; the best half round trip wins. */
  takeRoundTrip(serverMs: number, sentMs: number, receivedMs: number): void {
    const errorMs = (receivedMs - sentMs) / 2;
    const offsetMs = serverMs - (sentMs + receivedMs) / 2;
    if (!Number.isFinite(offsetMs) || errorMs < 0) return;
    // One of the clocks was set, or the local one stood still while the computer slept.
    const disagrees = Math.abs(offsetMs - this.offsetMs) > errorMs + this.errorMs;
    if (disagrees || errorMs <= this.errorMs || this.isOld(receivedMs)) {
      this.set(offsetMs, errorMs, receivedMs);
    }
  }

  /** The server told its time without being asked: it is at least this late there. */
  takeOneWay(serverMs: number, receivedMs: number): void {
    const offsetMs = serverMs - receivedMs;
    if (!Number.isFinite(offsetMs)) return;
    const isFirst = this.errorMs === Number.POSITIVE_INFINITY;
    const disagrees = offsetMs > this.offsetMs + this.errorMs;
    // How long it was under way nobody knows: any round trip is better.
    if (isFirst || disagrees) this.set(offsetMs, Number.MAX_VALUE, receivedMs);
  }

  /** What was measured belongs to another connection, perhaps to another server. */
  forget(): void {
    this.errorMs = Number.POSITIVE_INFINITY;
    this.measuredMs = Number.NEGATIVE_INFINITY;
  }

  /** The fleet is not heard since this local time, or is heard again. */
  away(sinceMs: number | undefined): void {
    this.awaySinceMs = sinceMs;
  }

  private isOld(localMs: number): boolean {
    return localMs - this.measuredMs > BEST_FOR_MS;
  }

  private set(offsetMs: number, errorMs: number, localMs: number): void {
    this.offsetMs = offsetMs;
    this.errorMs = errorMs;
    this.measuredMs = localMs;
  }
}
