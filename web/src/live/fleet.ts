/** The fleet as the bridge tells it: a plain store that is updated at any rate and read at the reader's own. */

import type { TimedSample } from "../values";
import { type Heard, heardAgeMs } from "./age";
import { monotonicMs } from "./clock";
import type { Delta, DroneEvent, DroneState, Sample, Snapshot } from "./protocol";

const MOST_EVENTS = 500;
const MOST_EVENTS_OF_A_DRONE = 100;
const MOST_TRAIL = 600;
const TRAIL_INTERVAL_MS = 500;

/** One drone with what is newest of it. */
export class Drone {
  /** By `channel/component/instance`. */
  readonly samples = new Map<string, TimedSample>();
  /** Newest last. */
  readonly events: DroneEvent[] = [];
  /** Flat longitude, latitude, time (ms) of where it was, oldest first. */
  trail: number[] = [];
  /** The sample that came last; undefined: none yet. */
  newest: Heard | undefined;
  /** The time of the newest sample that its state tells: perhaps of a channel not subscribed to. */
  lastSample: Heard | undefined;
  /** The time that its state tells of mode, arming and battery. */
  stateTime: Heard | undefined;
  /** Grows with every change. */
  revision = 0;
  private told: DroneState;

  constructor(
    state: DroneState,
    private readonly localMs: () => number = monotonicMs,
  ) {
    this.told = state;
    this.hearState();
  }

  get state(): DroneState {
    return this.told;
  }

  set state(state: DroneState) {
    this.told = state;
    this.hearState();
  }

  take(sample: Sample): void {
    const key = seriesKey(sample.channel, sample.component, sample.instance);
    const heard = this.hear(this.samples.get(key), sample.time);
    const { timeMs } = heard;
    this.samples.set(key, { ...heard, values: sample.values });
    this.newest = heard;
    this.revision += 1;
    if (sample.channel === "position") this.extendTrail(timeMs, sample.values);
  }

  /** Age in milliseconds at this moment of the server's clock, which must be now. */
  ageMs(heard: Heard, nowMs: number): number {
    const localMs = this.localMs();
    return heardAgeMs(heard, this.told.clock_error_s, { nowMs, localMs });
  }

  private hearState(): void {
    this.lastSample = this.hearOrNot(this.lastSample, this.told.last_sample);
    this.stateTime = this.hearOrNot(this.stateTime, this.told.state_time);
  }

  private hearOrNot(known: Heard | undefined, time: string | null): Heard | undefined {
    return time === null ? undefined : this.hear(known, time);
  }

  /** What is told again, as in each snapshot, has not arrived again. */
  private hear(known: Heard | undefined, time: string): { timeMs: number; arrivedMs: number } {
    const timeMs = Date.parse(time);
    const arrivedMs = known?.timeMs === timeMs ? known.arrivedMs : undefined;
    return { timeMs, arrivedMs: arrivedMs ?? this.localMs() };
  }

  private extendTrail(timeMs: number, values: Sample["values"]): void {
    const { lat, lon } = values;
    if (typeof lat !== "number" || typeof lon !== "number" || (lat === 0 && lon === 0)) return;
    const last = this.trail.at(-1);
    // A clock that was set back would stop the trail until it has caught up.
    if (last !== undefined && timeMs < last - TRAIL_INTERVAL_MS) this.trail.length = 0;
    else if (last !== undefined && timeMs - last < TRAIL_INTERVAL_MS) return;
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
  /** Grows when a drone comes or goes. */
  membersRevision = 0;
  /** Grows with every event. */
  eventsRevision = 0;
  /** Whether the whole fleet was told once: only then is an empty fleet an empty fleet. */
  complete = false;
  private readonly localMs: () => number;
  private readonly nowMs: () => number;
  /** When events happened, by the server's clock. */
  private readonly happenedMs = new WeakMap<DroneEvent, number>();
  private listed = new Set<string>();
  private readonly seenEvents = new Set<string>();
  private readonly listeners = new Set<() => void>();

  /**
   * `localMs` is a clock that nobody sets, `nowMs` the server's: nothing has happened later than
   * now there. Without one, drones are believed.
   */
  constructor({
    localMs = monotonicMs,
    nowMs = () => Number.POSITIVE_INFINITY,
  }: {
    localMs?: () => number;
    nowMs?: () => number;
  } = {}) {
    this.localMs = localMs;
    this.nowMs = nowMs;
  }

  /** Called after each message was applied, at most once a message. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /**
   * Take over what a message tells. `whole` says that its subscription is the one of the whole
   * fleet: what its snapshot leaves out, or its delta calls gone, no longer exists.
   */
  apply(message: Snapshot | Delta, { whole }: { whole: boolean }): void {
    // Who is gone may come again in the same message, as another.
    if (whole && message.type === "delta") for (const id of message.gone ?? []) this.remove(id);
    for (const state of message.drones ?? []) this.takeState(state);
    for (const sample of message.samples ?? []) this.drones.get(sample.drone)?.take(sample);
    for (const event of message.events ?? []) this.takeEvent(event);
    if (whole && message.type === "snapshot") this.takeMembership(message);
    this.revision += 1;
    for (const listener of this.listeners) listener();
  }

  private takeState(state: DroneState): void {
    const known = this.drones.get(state.drone);
    if (known === undefined) {
      this.drones.set(state.drone, new Drone(state, this.localMs));
      this.membersRevision += 1;
    } else {
      known.state = state;
      known.revision += 1;
    }
    this.stateRevision += 1;
  }

  private takeEvent(event: DroneEvent): void {
    // Two subscriptions may tell the same event, and a snapshot tells again what is known.
    const key = `${event.drone} ${event.time} ${event.kind} ${event.text}`;
    if (this.seenEvents.has(key)) return;
    this.seenEvents.add(key);
    const drone = this.drones.get(event.drone);
    const toldMs = Date.parse(event.time) + 1000 * (drone?.state.clock_error_s ?? 0);
    this.happenedMs.set(event, Math.min(toldMs, this.nowMs()));
    this.insert(this.events, event, MOST_EVENTS);
    if (drone !== undefined) this.insert(drone.events, event, MOST_EVENTS_OF_A_DRONE);
    if (this.seenEvents.size > 4 * MOST_EVENTS) forgetOldest(this.seenEvents, 2 * MOST_EVENTS);
    this.eventsRevision += 1;
  }

  /** By when they happened; of those at the same moment the one that came last is the newest. */
  private insert(events: DroneEvent[], event: DroneEvent, most: number): void {
    const happenedMs = (each: DroneEvent | undefined) =>
      (each && this.happenedMs.get(each)) ?? Number.NEGATIVE_INFINITY;
    const ownMs = happenedMs(event);
    let index = events.length;
    while (index > 0 && happenedMs(events[index - 1]) > ownMs) index -= 1;
    events.splice(index, 0, event);
    if (events.length > most) events.splice(0, events.length - most);
  }

  private takeMembership(message: Snapshot): void {
    if (message.part === 0) this.listed = new Set();
    for (const state of message.drones ?? []) this.listed.add(state.drone);
    if (message.more) return;
    for (const id of [...this.drones.keys()]) if (!this.listed.has(id)) this.remove(id);
    this.complete = true;
    this.stateRevision += 1;
  }

  private remove(id: string): void {
    if (!this.drones.delete(id)) return;
    this.membersRevision += 1;
    this.stateRevision += 1;
  }
}

function forgetOldest(keys: Set<string>, left: number): void {
  for (const key of keys) {
    if (keys.size <= left) return;
    keys.delete(key);
  }
}
