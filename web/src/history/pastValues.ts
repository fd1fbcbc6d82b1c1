/** A moment of a past flight as a source of values: nothing of it is live. */

import type { Api, StoredSeries } from "../api";
import { freshness } from "../live/age";
import { seriesKey } from "../live/fleet";
import type { DroneEvent } from "../live/protocol";
import { AUTOPILOT } from "../live/source";
import type { PastPlace } from "../map";
import type { Doing, TimedSample, ValueSource } from "../values";
import { Chunks } from "./chunks";
import { indexAt, sampleOf } from "./columns";
import { armedOf, landedOf, modeAt } from "./doing";
import { type Fix, placeAt } from "./place";
import type { Span } from "./playback";

/** The chunk that follows is asked for this long before it is needed, of the flight's time. */
const AHEAD_MS = 60_000;

export interface PastValuesParts {
  api: Pick<Api, "getTelemetry">;
  drone: string;
  /** The moment shown, milliseconds since 1970. */
  momentMs: () => number;
  endMs: number;
  staleAfterS: (channel: string) => number;
  /** Called when more of the flight is there, or loading it failed. */
  changed: () => void;
}

export class PastValues implements ValueSource {
  readonly kind = "past";
  private readonly chunks: Chunks;
  private stored: readonly StoredSeries[] | undefined;
  private events: readonly DroneEvent[] = [];
  private eventsUntilMs = Number.POSITIVE_INFINITY;

  constructor(private readonly parts: PastValuesParts) {
    this.chunks = new Chunks(parts);
  }

  /** Whether something that a widget asked for of the moment is still on its way. */
  get loading(): boolean {
    return this.chunks.busyAt(this.nowMs());
  }

  get problem(): string | undefined {
    return this.chunks.problem;
  }

  /** What the store has of the drone: what it has not is not asked for. */
  takeStored(stored: readonly StoredSeries[]): void {
    this.stored = stored;
  }

  /** Events that tell modes, oldest first; what came after `untilMs` is not among them. */
  takeEvents(events: readonly DroneEvent[], untilMs = Number.POSITIVE_INFINITY): void {
    this.events = events;
    this.eventsUntilMs = untilMs;
  }

  nowMs(): number {
    return this.parts.momentMs();
  }

  sample(
    drone: string,
    channel: string,
    instance = "0",
    component = AUTOPILOT,
  ): TimedSample | undefined {
    if (drone !== this.parts.drone || !this.isStored(channel)) return undefined;
    const momentMs = this.nowMs();
    const key = seriesKey(channel, component, instance);
    const here = this.chunks.at(channel, key, momentMs);
    const aheadMs = Math.min(momentMs + AHEAD_MS, this.parts.endMs);
    this.chunks.prefetch(channel, aheadMs);
    const index = here === undefined ? -1 : indexAt(here.timesMs, momentMs);
    if (here !== undefined && index >= 0) return sampleOf(here, index);
    const before = this.chunks.before(channel, key, momentMs);
    return before && sampleOf(before, indexAt(before.timesMs, momentMs));
  }

  ageMs(_drone: string, sample: TimedSample): number {
    return this.nowMs() - sample.timeMs;
  }

  instances(drone: string, channel: string): string[] {
    if (drone !== this.parts.drone) return [];
    return (this.stored ?? [])
      .filter((series) => series.channel === channel && series.component === AUTOPILOT)
      .map(({ instance }) => instance)
      .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  }

  doing(drone: string): Doing {
    if (drone !== this.parts.drone) return { mode: null, armed: null, landed: null };
    const momentMs = this.nowMs();
    return {
      mode: momentMs > this.eventsUntilMs ? null : modeAt(this.events, momentMs),
      armed: armedOf(this.sample(drone, "heartbeat")),
      landed: landedOf(this.sample(drone, "landed")),
    };
  }

  /** Where the drone was at the moment, for the map, and how old that was then. */
  place(): PastPlace | undefined {
    const fix = this.fix();
    if (fix === undefined) return undefined;
    const { timeMs, ...place } = fix;
    const ageMs = this.nowMs() - timeMs;
    return { ...place, ageMs, fresh: freshness(ageMs, this.parts.staleAfterS("position")) };
  }

  private fix(): Fix | undefined {
    const momentMs = this.nowMs();
    const key = seriesKey("position", AUTOPILOT, "0");
    const here = this.chunks.at("position", key, momentMs);
    const found = here && placeAt(here, momentMs);
    if (found !== undefined) return found;
    const before = this.chunks.before("position", key, momentMs);
    return before && placeAt(before, momentMs);
  }

  /** More of these stretches can be read than could be before. */
  refresh(spans: readonly Span[]): void {
    this.chunks.refresh(spans);
  }

  close(): void {
    this.chunks.close();
  }

  private isStored(channel: string): boolean {
    return this.stored === undefined || this.stored.some((series) => series.channel === channel);
  }
}
