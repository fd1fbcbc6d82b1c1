/** The server's clock, as well as it can be known from here. */

/** A measurement counts this long; then a newer one takes over, even a worse one. */
const BEST_FOR_MS = 120_000;

export class Clock {
  private offsetMs = 0;
  private errorMs = Number.POSITIVE_INFINITY;
  private measuredMs = Number.NEGATIVE_INFINITY;
  private awaySinceMs: number | undefined;

  constructor(private readonly localMs: () => number = Date.now) {}

  /** Milliseconds since 1970. */
  nowMs(): number {
    return this.localMs() + this.offsetMs;
  }

  /** Local time at which the connection broke; undefined: it is there, or never was. */
  get awaySince(): number | undefined {
    return this.awaySinceMs;
  }

  /** Until when the fleet was heard: now, or when the connection to the server broke. */
  heardMs(): number {
    return Math.min(this.nowMs(), (this.awaySinceMs ?? Number.POSITIVE_INFINITY) + this.offsetMs);
  }

  /** The server answered with its time; the best half round trip wins. */
  takeRoundTrip(serverMs: number, sentMs: number, receivedMs: number): void {
    const errorMs = (receivedMs - sentMs) / 2;
    this.take(serverMs - (sentMs + receivedMs) / 2, errorMs, receivedMs);
  }

  /** The server told its time without being asked; good for a start only. */
  takeOneWay(serverMs: number, receivedMs: number): void {
    this.take(serverMs - receivedMs, Number.MAX_VALUE, receivedMs);
  }

  /** The connection broke at this local time, or is there again. */
  away(sinceMs: number | undefined): void {
    this.awaySinceMs = sinceMs;
  }

  private take(offsetMs: number, errorMs: number, localMs: number): void {
    if (!Number.isFinite(offsetMs)) return;
    const old = localMs - this.measuredMs > BEST_FOR_MS;
    if (errorMs > this.errorMs && !old) return;
    this.offsetMs = offsetMs;
    this.errorMs = errorMs;
    this.measuredMs = localMs;
  }
}
