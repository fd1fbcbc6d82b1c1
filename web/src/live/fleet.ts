/** The fleet as the bridge tells it: a plain store that is updated at any rate and read at the reader's own. */

import type { TimedSample } from "../values";
import type { Delta, DroneEvent, DroneState, Sample, Snapshot } from "./protocol";

const MOST_EVENTS = 500;
const MOST_TRAIL = 600;
const TRAIL_INTERVAL_MS = 500;

/** One drone with what is newest of it. */
export class Drone {
  /** By `channel/component/instance`. */
  readonly samples = new Map<string, TimedSample>();
  /** Flat longitude, latitude, time (ms) of where it was, oldest first. */
  trail: number[] = [];
  /** Grows with every change. */
  revision = 0;

  constructor(public state: DroneState) {}

  take(sample: Sample): void {
    const timeMs = Date.parse(sample.time);
    this.samples.set(seriesKey(sample.channel, sample.component, sample.instance), {
      timeMs,
      values: sample.values,
    });
    this.revision += 1;
    if (sample.channel === "position") this.extendTrail(timeMs, sample.values);
  }

  private extendTrail(timeMs: number, values: Sample["values"]): void {
    const { lat, lon } = values;
    if (typeof lat !== "number" || typeof lon !== "number" || (lat === 0 && lon === 0)) return;
    const last = this.trail.at(-1);
    if (last !== undefined && timeMs - last < TRAIL_INTERVAL_MS) return;
    this.trail.push(lon, lat, timeMs);
    if (this.trail.length > 3 * MOST_TRAIL) this.trail.splice(0, 3);
  }
}

export function seriesKey(channel: string, component: number, instance: string): string {
  return `${channel}/${component}/${instance}`;
}

export class Fleet {
  readonly drones = new Map<string, Drone>();
  /** Newest last. */
  readonly events: DroneEvent[] = [];
  /** Grows with every change of anything; compare it to know whether to draw. */
  revision = 0;
  /** Grows when a drone comes, goes or changes its state (not with samples). */
  stateRevision = 0;
  private readonly listeners = new Set<() => void>();

  /** Called after each message was applied, at most once a message. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  apply(message: Snapshot | Delta): void {
    for (const state of message.drones ?? []) {
      const known = this.drones.get(state.drone);
      if (known === undefined) this.drones.set(state.drone, new Drone(state));
      else {
        known.state = state;
        known.revision += 1;
      }
      this.stateRevision += 1;
    }
    for (const sample of message.samples ?? []) this.drones.get(sample.drone)?.take(sample);
    for (const event of message.events ?? []) this.events.push(event);
    if (this.events.length > MOST_EVENTS) this.events.splice(0, this.events.length - MOST_EVENTS);
    this.revision += 1;
    for (const listener of this.listeners) listener();
  }
}
