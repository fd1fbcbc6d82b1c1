/** The bridge's REST interface, typed. Every method throws `ProblemError`, or AbortError. */

import type { Channel } from "../live/channels";
import type { DroneState, Value } from "../live/protocol";
import { isAbort, ProblemError, problemOf, unreachable, unreadable } from "./problem";
import type {
  DronesPage,
  DronesQuery,
  EventsPage,
  EventsQuery,
  ExportQuery,
  Flight,
  Moment,
  PageSettings,
  Range,
  StoredSeries,
  Summary,
  Telemetry,
  TelemetryQuery,
  Track,
} from "./types";

type Parameter = Moment | readonly string[] | undefined;

export class Api {
  private readonly base: string;
  private readonly fetch: typeof fetch;

  /**
   * @param base address of the page; the interface lies beside it, behind a proxy's prefix too
   * @param fetch what requests go through
   */
  constructor({
    base = document.baseURI,
    fetch: through = (...call) => globalThis.fetch(...call),
  }: { base?: string; fetch?: typeof fetch } = {}) {
    this.base = new URL("api/v1/", base).href;
    this.fetch = through;
  }

  getPage(signal?: AbortSignal): Promise<PageSettings> {
    return this.get("page", {}, signal);
  }

  getDrones(query: DronesQuery = {}, signal?: AbortSignal): Promise<DronesPage> {
    return this.get("drones", { ...query }, signal);
  }

  getDrone(drone: string, signal?: AbortSignal): Promise<DroneState> {
    return this.get(ofDrone(drone), {}, signal);
  }

  /** The channel table. */
  getChannels(signal?: AbortSignal): Promise<Channel[]> {
    return this.get("channels", {}, signal);
  }

  /** What is stored of a drone. */
  getDroneChannels(drone: string, signal?: AbortSignal): Promise<StoredSeries[]> {
    return this.get(ofDrone(drone, "channels"), {}, signal);
  }

  /** Samples as they are. */
  getTelemetry(
    drone: string,
    query: TelemetryQuery,
    signal?: AbortSignal,
  ): Promise<Telemetry<Value[]>> {
    return this.get(ofDrone(drone, "telemetry"), { ...query }, signal);
  }

  /** Samples summed up over buckets of `every` (`500ms`, `5s`, `1m`). */
  getTelemetryEvery(
    drone: string,
    every: string,
    query: TelemetryQuery,
    signal?: AbortSignal,
  ): Promise<Telemetry<Summary>> {
    return this.get(ofDrone(drone, "telemetry"), { ...query, every }, signal);
  }

  getTrack(
    drone: string,
    query: Range & { points?: number },
    signal?: AbortSignal,
  ): Promise<Track> {
    return this.get(ofDrone(drone, "track"), { ...query }, signal);
  }

  getEvents(drone: string, query: EventsQuery = {}, signal?: AbortSignal): Promise<EventsPage> {
    return this.get(ofDrone(drone, "events"), { ...query }, signal);
  }

  /** Newest first. */
  async getFlights(drone: string, query: Range = {}, signal?: AbortSignal): Promise<Flight[]> {
    const page = await this.get<{ items: Flight[] }>(
      ofDrone(drone, "flights"),
      { ...query },
      signal,
    );
    return page.items;
  }

  /** Address of a file to download. */
  exportUrl(drone: string, query: ExportQuery): string {
    return this.url(ofDrone(drone, "export"), { ...query });
  }

  private url(path: string, parameters: Record<string, Parameter>): string {
    const url = new URL(path, this.base);
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) url.searchParams.set(name, parameterText(name, value));
    }
    return url.href;
  }

  private async get<Answer>(
    path: string,
    parameters: Record<string, Parameter>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const url = this.url(path, parameters);
    const headers = { Accept: "application/json" };
    const response = await this.fetch(url, signal ? { headers, signal } : { headers }).catch(
      (error: unknown) => {
        throw isAbort(error) ? error : unreachable(error);
      },
    );
    if (!response.ok) throw new ProblemError(await problemOf(response));
    return (await response.json().catch((error: unknown) => {
      throw isAbort(error) ? error : unreadable(error);
    })) as Answer;
  }
}

function ofDrone(drone: string, what?: string): string {
  const path = `drones/${encodeURIComponent(drone)}`;
  return what === undefined ? path : `${path}/${what}`;
}

function parameterText(name: string, value: Exclude<Parameter, undefined>): string {
  if (typeof value === "string") return value;
  if (typeof value !== "number") return value.join(",");
  return name === "start" || name === "end" ? new Date(value).toISOString() : String(value);
}
