/** The condition of every drone and the counts, worked out twice a second for all who show them. */

import { Store } from "../state/store";
import type { Channels } from "./channels";
import type { Clock } from "./clock";
import { type Condition, type StateName, stateOf } from "./condition";
import type { Fleet } from "./fleet";

const INTERVAL_MS = 500;

export interface Counts extends Record<StateName, number> {
  total: number;
  flying: number;
  /** Of those lost, the ones that must not be: in flight, or armed. */
  urgentlyLost: number;
}

export class Overview extends Store {
  private conditions = new Map<string, Condition>();
  private counted: Counts = count([]);
  private readonly fleet: Fleet;
  private readonly clock: Clock;
  private readonly channels: Channels;

  constructor({ fleet, clock, channels }: { fleet: Fleet; clock: Clock; channels: Channels }) {
    super();
    this.fleet = fleet;
    this.clock = clock;
    this.channels = channels;
  }

  /** At most half a second old. */
  conditionOf(drone: string): Condition | undefined {
    return this.conditions.get(drone);
  }

  get counts(): Counts {
    return this.counted;
  }

  update(): void {
    const heardMs = this.clock.heardMs();
    const nowMs = this.clock.nowMs();
    const conditions = new Map<string, Condition>();
    for (const [id, drone] of this.fleet.drones) {
      conditions.set(id, stateOf(drone, heardMs, this.channels, nowMs));
    }
    this.conditions = conditions;
    this.counted = count(conditions.values());
    this.notify();
  }

  /** Returns how to stop. */
  start(): () => void {
    let members = this.fleet.membersRevision;
    const timer = setInterval(() => this.update(), INTERVAL_MS);
    // A drone that is new must not wait for its row.
    const stop = this.fleet.subscribe(() => {
      if (members === this.fleet.membersRevision) return;
      members = this.fleet.membersRevision;
      this.update();
    });
    return () => {
      clearInterval(timer);
      stop();
    };
  }
}

function count(conditions: Iterable<Condition>): Counts {
  const counts: Counts = {
    total: 0,
    flying: 0,
    urgentlyLost: 0,
    lost: 0,
    critical: 0,
    warning: 0,
    normal: 0,
    offline: 0,
  };
  for (const condition of conditions) {
    counts.total += 1;
    counts[condition.state] += 1;
    if (condition.flying) counts.flying += 1;
    if (condition.state === "lost" && condition.tone !== "quiet") counts.urgentlyLost += 1;
  }
  return counts;
}
