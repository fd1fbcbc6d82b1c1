/** The live fleet as a source of values. */

import type { Doing, TimedSample, ValueSource } from "../values";
import type { Clock } from "./clock";
import { type Fleet, seriesKey } from "./fleet";

const UNKNOWN: Doing = { mode: null, armed: null, landed: null };

/** MAVLink's component id of an autopilot. */
export const AUTOPILOT = 1;

export class LiveValues implements ValueSource {
  readonly kind = "live";
  private readonly fleet: Fleet;
  private readonly clock: Clock;

  constructor({ fleet, clock }: { fleet: Fleet; clock: Clock }) {
    this.fleet = fleet;
    this.clock = clock;
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  sample(
    drone: string,
    channel: string,
    instance = "0",
    component = AUTOPILOT,
  ): TimedSample | undefined {
    return this.fleet.drones.get(drone)?.samples.get(seriesKey(channel, component, instance));
  }

  ageMs(drone: string, sample: TimedSample): number {
    const nowMs = this.nowMs();
    return this.fleet.drones.get(drone)?.ageMs(sample, nowMs) ?? nowMs - sample.timeMs;
  }

  instances(drone: string, channel: string): string[] {
    const prefix = `${channel}/${AUTOPILOT}/`;
    const found: string[] = [];
    for (const key of this.fleet.drones.get(drone)?.samples.keys() ?? []) {
      if (key.startsWith(prefix)) found.push(key.slice(prefix.length));
    }
    return found.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  }

  doing(drone: string): Doing {
    return this.fleet.drones.get(drone)?.state ?? UNKNOWN;
  }
}
