/** Where widgets get their values from: the live fleet, or a moment of the past. */

import type { DroneState, Value } from "./live/protocol";
import { Store } from "./state/store";

/** A sample with its time as a number, so that ages are cheap. */
export interface TimedSample {
  /** The sample's own time, milliseconds since 1970. */
  timeMs: number;
  /** Local time of its arrival (`monotonicMs`); left out for what comes from the store. */
  arrivedMs?: number;
  values: Record<string, Value>;
}

/** What a drone is or was doing; null where it is not known. */
export type Doing = Pick<DroneState, "mode" | "armed" | "landed">;

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
  /** Age of a sample in milliseconds, corrected where the drone's clock is known to be off. */
  ageMs(drone: string, sample: TimedSample): number;
  /** Instances of a channel that the drone has, in natural order (batteries, receivers). */
  instances(drone: string, channel: string): string[];
  /** Mode, arming and landed state at that moment. */
  doing(drone: string): Doing;
}

/** The source that widgets read now. The history part puts a moment of the past here. */
export class Values extends Store {
  private past: ValueSource | undefined;
  readonly live: ValueSource;

  constructor({ live }: { live: ValueSource }) {
    super();
    this.live = live;
  }

  get current(): ValueSource {
    return this.past ?? this.live;
  }

  showPast(source: ValueSource): void {
    this.past = source;
    this.notify();
  }

  showLive(): void {
    this.past = undefined;
    this.notify();
  }
}
