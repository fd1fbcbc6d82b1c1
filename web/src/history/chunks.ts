/** Telemetry of one drone in stretches of time that are loaded when somebody asks for them. */

import { type Api, isAbort, sentenceOfError } from "../api";
import { seriesKey } from "../live/fleet";
import { touches } from "./arriving";
import { type Columns, columnsOf, joined } from "./columns";
import type { Span } from "./playback";

const SECOND_MS = 1000;
const SHORTEST_MS = 120 * SECOND_MS;
const LONGEST_MS = 3600 * SECOND_MS;
/** A chunk is so many stale limits long: what is older than the chunk before is of no use. */
const STALE_LIMITS = 40;
/** Samples of one request, and requests of one chunk: 50 Hz over a chunk of two minutes is 6,000. */
const PAGE = 20_000;
const MOST_PAGES = 10;
const AT_ONCE = 4;
const MOST_CHUNKS = 240;
const RETRY_MS = 3000;

/** How long a channel's chunks are: slow channels come in longer ones. */
export function chunkLengthMs(staleAfterS: number): number {
  const wanted = STALE_LIMITS * staleAfterS * SECOND_MS;
  return Math.min(Math.max(wanted, SHORTEST_MS), LONGEST_MS);
}

interface Chunk {
  channel: string;
  startMs: number;
  endMs: number;
  state: "waiting" | "loading" | "there" | "failed";
  /** Whether the store has more of it since it was asked for; what is there is shown meanwhile. */
  outdated: boolean;
  /** By `channel/component/instance`. */
  series: Map<string, Columns>;
  failedMs: number;
  usedAt: number;
}

export interface ChunksParts {
  api: Pick<Api, "getTelemetry">;
  drone: string;
  staleAfterS: (channel: string) => number;
  /** Called when a chunk came or failed. */
  changed: () => void;
  nowMs?: () => number;
}

export class Chunks {
  private readonly chunks = new Map<string, Chunk>();
  private readonly abort = new AbortController();
  private readonly nowMs: () => number;
  private lookedAtMs = 0;
  private readonly reading = new Set<Chunk>();
  private uses = 0;

  constructor(private readonly parts: ChunksParts) {
    this.nowMs = parts.nowMs ?? Date.now;
  }

  /** Why the last request failed, as a sentence; undefined: it did not. */
  problem: string | undefined;

  /** Whether something of up to a moment is not there yet; what is fetched ahead does not count. */
  busyAt(momentMs: number): boolean {
    return [...this.chunks.values()].some(
      ({ state, startMs }) => (state === "waiting" || state === "loading") && startMs <= momentMs,
    );
  }

  /** What is there of a series in the chunk of a moment; asks for the chunk when it is not. */
  at(channel: string, key: string, momentMs: number): Columns | undefined {
    this.lookedAtMs = momentMs;
    return this.chunkAt(channel, momentMs).series.get(key);
  }

  /**
   * The chunk before, where a value that came last before the moment's chunk is; not asked for
   * while that chunk itself may still bring one.
   */
  before(channel: string, key: string, momentMs: number): Columns | undefined {
    if (this.chunkAt(channel, momentMs).state !== "there") return undefined;
    return this.chunkAt(channel, momentMs - this.lengthMs(channel)).series.get(key);
  }

  /** Ask for a chunk before it is needed. */
  prefetch(channel: string, momentMs: number): void {
    this.chunkAt(channel, momentMs);
  }

  /** Read again, in the background, what lies in these stretches. */
  refresh(spans: readonly Span[]): void {
    for (const chunk of this.chunks.values()) {
      if (chunk.state !== "waiting") chunk.outdated ||= spans.some((span) => touches(span, chunk));
    }
    this.loadNext();
  }

  close(): void {
    this.abort.abort();
  }

  private lengthMs(channel: string): number {
    return chunkLengthMs(this.parts.staleAfterS(channel));
  }

  private chunkAt(channel: string, momentMs: number): Chunk {
    const lengthMs = this.lengthMs(channel);
    const startMs = Math.floor(momentMs / lengthMs) * lengthMs;
    const key = `${channel} ${startMs} ${lengthMs}`;
    let chunk = this.chunks.get(key);
    if (chunk === undefined) {
      chunk = {
        channel,
        startMs,
        endMs: startMs + lengthMs,
        state: "waiting",
        outdated: false,
        series: new Map(),
        failedMs: 0,
        usedAt: 0,
      };
      this.chunks.set(key, chunk);
      this.forget();
    }
    if (chunk.state === "failed" && this.nowMs() - chunk.failedMs > RETRY_MS) {
      chunk.state = "waiting";
    }
    chunk.usedAt = this.uses;
    this.uses += 1;
    if (chunk.state === "waiting") this.loadNext();
    return chunk;
  }

  /** What is looked at comes first, in the order of the page; then what was asked for last. */
  private loadNext(): void {
    while (this.reading.size < AT_ONCE && !this.abort.signal.aborted) {
      const waiting = [...this.chunks.values()].filter(({ state }) => state === "waiting");
      const next =
        waiting.find((chunk) => this.isLookedAt(chunk)) ??
        waiting.sort((a, b) => b.usedAt - a.usedAt)[0] ??
        [...this.chunks.values()].find((chunk) => this.isToRefresh(chunk));
      if (next === undefined) return;
      void this.load(next);
    }
  }

  private isToRefresh(chunk: Chunk): boolean {
    return chunk.state === "there" && chunk.outdated && !this.reading.has(chunk);
  }

  private isLookedAt({ startMs, endMs }: Chunk): boolean {
    return startMs <= this.lookedAtMs && this.lookedAtMs < endMs;
  }

  private async load(chunk: Chunk): Promise<void> {
    // What is there stays in sight while it is read again.
    if (chunk.state !== "there") chunk.state = "loading";
    chunk.outdated = false;
    this.reading.add(chunk);
    try {
      chunk.series = await this.read(chunk);
      chunk.state = "there";
      this.problem = undefined;
    } catch (error) {
      // Whatever it is, it ends here: it becomes a sentence on the page, and is tried again.
      if (isAbort(error)) return;
      chunk.state = "failed";
      chunk.failedMs = this.nowMs();
      this.problem = sentenceOfError(error);
    } finally {
      this.reading.delete(chunk);
    }
    this.parts.changed();
    this.loadNext();
  }

  private async read({ channel, startMs, endMs }: Chunk): Promise<Map<string, Columns>> {
    const found = new Map<string, Columns>();
    let start: number | string = startMs;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const query = { channel, start, end: endMs, limit: PAGE };
      const answer = await this.parts.api.getTelemetry(this.parts.drone, query, this.abort.signal);
      for (const series of answer.series) {
        const key = seriesKey(channel, series.component, series.instance);
        const columns = columnsOf(series);
        const known = found.get(key);
        found.set(key, known === undefined ? columns : joined(known, columns));
      }
      if (answer.next === null) break;
      start = answer.next;
    }
    return found;
  }

  private forget(): void {
    if (this.chunks.size <= MOST_CHUNKS) return;
    const idle = [...this.chunks].filter(([, { state }]) => state !== "loading");
    idle.sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key] of idle.slice(0, this.chunks.size - MOST_CHUNKS)) this.chunks.delete(key);
  }
}
