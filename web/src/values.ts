/** Where widgets get their values from: the live fleet, or a moment of the past. */

import type { Value } from "./live/protocol";

/** A sample with its time as a number, so that ages are cheap. */
export interface TimedSample {
  /** The sample's own time, milliseconds since 1970. */
  timeMs: number;
  values: Record<string, Value>;
}

export interface ValueSource {
  /** `live` follows the clock; `past` stands at a moment of a flight. */
  readonly kind: "live" | "past";
  /** Milliseconds since 1970 that ages are counted from: the server's clock, or the moment shown. */
  nowMs(): number;
  /** The newest sample of a series at that moment; the autopilot's (component 1) unless told. */
  sample(
    drone: string,
    channel: string,
    instance?: string,
    component?: number,
  ): TimedSample | undefined;
  /** Instances of a channel that the drone has, in natural order (batteries, receivers). */
  instances(drone: string, channel: string): string[];
}
