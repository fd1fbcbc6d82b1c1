/** A flight of the past as the page shows it: follows the view, loads, plays. */

import { type Api, isAbort, sentenceOfError, type Track } from "../api";
import type { Channels } from "../live/channels";
import type { Fleet } from "../live/fleet";
import type { Backlog, DroneEvent } from "../live/protocol";
import type { PastMoment } from "../map";
import { Store } from "../state/store";
import type { View, ViewMode } from "../state/view";
import type { Values } from "../values";
import { arrived, arrivingIn } from "./arriving";
import { type Mark, marksOf } from "./marks";
import { PastValues } from "./pastValues";
import { played, type Span, type Speed } from "./playback";
import { profilePath } from "./profile";

const TRACK_POINTS = 2000;
/** Events of one request, and requests of one flight. */
const EVENTS_PAGE = 2000;
const MOST_EVENT_PAGES = 10;
/** Events of before the flight tell the mode that it began in. */
const BEFORE_MS = 3_600_000;
/** The moment moves at most so often while playing. */
const PLAY_MS = 50;

export interface HistoryParts {
  api: Api;
  view: View;
  /** Where the flight's values are put while the past is shown. */
  values: Values;
  channels: Channels;
  /** Tells what of the flight is still to come. */
  fleet: Pick<Fleet, "drones" | "subscribe">;
}

type PastMode = Extract<ViewMode, { kind: "past" }>;

/** What was loaded of a flight. */
interface Shown {
  mode: PastMode;
  source: PastValues;
  abort: AbortController;
  track: Track | undefined;
  profile: string;
  marks: Mark[];
  /** Until when events were loaded; undefined: all of them were. */
  eventsUntilMs: number | undefined;
  /** Requests of the flight itself that are under way: track, events, series. */
  open: number;
  /** The drone's backlog as it was told last, and what of it is in the flight. */
  backlog: readonly Backlog[] | undefined;
  arriving: readonly Span[];
  /** Whether more has arrived since those requests began. */
  outdated: boolean;
  problem: string | undefined;
}

export class History extends Store {
  private readonly parts: HistoryParts;
  private shown: Shown | undefined;
  private moment: PastMoment | undefined;
  private speedNow: Speed = 1;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(parts: HistoryParts) {
    super();
    this.parts = parts;
  }

  /** For the map; a new object with every change, undefined while live. */
  get past(): PastMoment | undefined {
    return this.moment;
  }

  get flight(): PastMode | undefined {
    return this.shown?.mode;
  }

  get momentMs(): number {
    return this.parts.view.momentMs;
  }

  get playing(): boolean {
    return this.timer !== undefined;
  }

  get speed(): Speed {
    return this.speedNow;
  }

  get loading(): boolean {
    return this.shown !== undefined && (this.shown.open > 0 || this.shown.source.loading);
  }

  /** Why something of the flight could not be loaded, as a sentence. */
  get problem(): string | undefined {
    return this.shown?.problem ?? this.shown?.source.problem;
  }

  /** Whether the flight was loaded and the drone's places are not among it. */
  get placeless(): boolean {
    const track = this.shown?.track;
    return track !== undefined && track.geometry === null;
  }

  /** The last event that was loaded of a flight that has too many; undefined: all were. */
  get eventsUntilMs(): number | undefined {
    return this.shown?.eventsUntilMs;
  }

  get marks(): readonly Mark[] {
    return this.shown?.marks ?? [];
  }

  /** Parts of the flight that are still to come. */
  get arriving(): readonly Span[] {
    return this.shown?.arriving ?? [];
  }

  /** SVG path of the heights over 1000 × 100. */
  get profile(): string {
    return this.shown?.profile ?? "";
  }

  /** Follow the view. Returns how to stop. */
  start(): () => void {
    const stops = [
      this.parts.view.subscribe(() => this.follow()),
      this.parts.fleet.subscribe(() => this.hear()),
    ];
    this.follow();
    return () => {
      for (const stop of stops) stop();
      this.leave();
    };
  }

  showLive(): void {
    this.parts.view.showLive();
  }

  showPast(drone: string, startMs: number, endMs: number): void {
    this.parts.view.showPast(drone, startMs, endMs);
  }

  moveTo(momentMs: number): void {
    this.parts.view.moveTo(momentMs);
  }

  setSpeed(speed: Speed): void {
    this.speedNow = speed;
    this.notify();
  }

  play(): void {
    const mode = this.shown?.mode;
    if (mode === undefined || this.playing) return;
    if (this.momentMs >= mode.endMs) this.moveTo(mode.startMs);
    let lastMs = performance.now();
    this.timer = setInterval(() => {
      const nowMs = performance.now();
      const next = played(this.momentMs, nowMs - lastMs, this.speedNow, mode);
      lastMs = nowMs;
      if (next.over) this.stopTimer();
      this.moveTo(next.momentMs);
    }, PLAY_MS);
    this.notify();
  }

  pause(): void {
    this.stopTimer();
    this.notify();
  }

  private stopTimer(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private follow(): void {
    const { mode } = this.parts.view;
    if (mode.kind === "live") {
      if (this.shown !== undefined) this.leave();
      return;
    }
    if (this.shown?.mode !== mode) this.enter(mode);
    else this.update();
  }

  private enter(mode: PastMode): void {
    this.drop();
    const { api, view, values, channels } = this.parts;
    const source = new PastValues({
      api,
      drone: mode.drone,
      momentMs: () => view.momentMs,
      endMs: mode.endMs,
      staleAfterS: (channel) => channels.staleAfterS(channel),
      changed: () => this.update(),
    });
    this.shown = {
      mode,
      source,
      abort: new AbortController(),
      track: undefined,
      profile: "",
      marks: [],
      eventsUntilMs: undefined,
      open: 0,
      backlog: undefined,
      arriving: [],
      outdated: false,
      problem: undefined,
    };
    document.documentElement.dataset.view = "past";
    values.showPast(source);
    this.loadFlight(this.shown);
    this.hear();
    this.update();
  }

  /** What has arrived is read; messages come often, a backlog that changed is another object. */
  private hear(): void {
    const { shown } = this;
    const backlog = shown && this.parts.fleet.drones.get(shown.mode.drone)?.state.backlog;
    if (shown === undefined || backlog === undefined || backlog === shown.backlog) return;
    shown.backlog = backlog;
    const before = shown.arriving;
    shown.arriving = arrivingIn(backlog, shown.mode);
    const there = arrived(before, shown.arriving);
    if (there.length > 0) {
      shown.source.refresh(there);
      if (shown.open > 0) shown.outdated = true;
      else this.loadFlight(shown);
    }
    if (before.length > 0 || shown.arriving.length > 0) this.update();
  }

  private loadFlight(shown: Shown): void {
    shown.outdated = false;
    shown.problem = undefined;
    const { api } = this.parts;
    const { drone, startMs, endMs } = shown.mode;
    const { signal } = shown.abort;
    // The end belongs to the flight; of a range it does not.
    const range = { start: startMs, end: endMs + 1 };
    void this.take(
      shown,
      api.getTrack(drone, { ...range, points: TRACK_POINTS }, signal),
      (track) => {
        shown.track = track;
        shown.profile = profilePath(track, shown.mode);
      },
    );
    void this.take(shown, api.getDroneChannels(drone, signal), (stored) =>
      shown.source.takeStored(stored),
    );
    const before = { ...range, start: startMs - BEFORE_MS };
    void this.take(shown, this.readEvents(drone, before, signal), ({ events, untilMs }) => {
      shown.source.takeEvents(events, untilMs);
      shown.marks = marksOf(events, shown.mode);
      shown.eventsUntilMs = untilMs;
    });
  }

  /** Events of a time, oldest first; `untilMs` is set when there are too many for the page. */
  private async readEvents(
    drone: string,
    { start, end }: { start: number; end: number },
    signal: AbortSignal,
  ): Promise<{ events: DroneEvent[]; untilMs: number | undefined }> {
    const events: DroneEvent[] = [];
    let from: number | string = start;
    for (let page = 0; page < MOST_EVENT_PAGES; page += 1) {
      const query = { start: from, end, limit: EVENTS_PAGE };
      const { items, next } = await this.parts.api.getEvents(drone, query, signal);
      events.push(...items);
      if (next === null) return { events, untilMs: undefined };
      from = next;
    }
    return { events, untilMs: Date.parse(events.at(-1)?.time ?? "") };
  }

  private async take<Answer>(
    shown: Shown,
    request: Promise<Answer>,
    apply: (answer: Answer) => void,
  ): Promise<void> {
    shown.open += 1;
    try {
      apply(await request);
    } catch (error) {
      // Whatever it is, it becomes a sentence on the page; the rest of the flight still shows.
      if (!isAbort(error)) shown.problem = sentenceOfError(error);
    }
    shown.open -= 1;
    if (shown.outdated && shown.open === 0 && shown === this.shown) this.loadFlight(shown);
    this.update();
  }

  /** The moment or what is known of it changed. */
  private update(): void {
    const { shown } = this;
    if (shown === undefined) return;
    this.moment = {
      track: shown.track,
      position: shown.source.place(),
      arriving: shown.arriving,
    };
    this.notify();
  }

  private leave(): void {
    this.drop();
    delete document.documentElement.dataset.view;
    this.parts.values.showLive();
    this.notify();
  }

  private drop(): void {
    this.stopTimer();
    this.shown?.abort.abort();
    this.shown?.source.close();
    this.shown = undefined;
    this.moment = undefined;
  }
}
