/** Shapes of the REST interface, as the bridge's OpenAPI document describes them. */

import type { Feature, LineString, Point } from "geojson";
import type { Backlog, DroneEvent, DroneState, Value } from "../live/protocol";

/** Milliseconds since 1970, ISO 8601, or relative to now: `-10m`, `-2h`, `-1d`, `now`. */
export type Moment = number | string;

export interface Range {
  start?: Moment | undefined;
  /** Not included. */
  end?: Moment | undefined;
}

export interface DronesQuery {
  fleet?: string | undefined;
  q?: string | undefined;
  presence?: string | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

export interface DronesPage {
  items: DroneState[];
  total: number;
}

/** A series that the store holds. */
export interface StoredSeries {
  channel: string;
  component: number;
  instance: string;
  samples?: number;
  first: string;
  last: string;
}

export interface TelemetryQuery extends Range {
  channel: string;
  fields?: readonly string[] | undefined;
  component?: number | undefined;
  instance?: string | undefined;
  limit?: number | undefined;
}

/** One field over buckets of time; null where a bucket has no value. */
export interface Summary {
  mean: (number | null)[];
  min: Value[];
  max: Value[];
  first: Value[];
  last: Value[];
}

export interface Series<Column> {
  component: number;
  instance: string;
  /** The samples' own times, or the starts of the buckets. */
  times: string[];
  fields: Record<string, Column>;
}

/** `Column` is `Value[]` for samples, `Summary` for buckets. */
export interface Telemetry<Column> {
  drone: string;
  channel: string;
  start: string;
  end: string;
  every: string | null;
  units: Record<string, string>;
  series: Series<Column>[];
  truncated: boolean;
  /** Start of the following page. */
  next: string | null;
  /** Stretches in the range that are still to come. */
  backlog: Backlog[];
}

export interface TrackProperties {
  drone: string;
  /** One for each coordinate. */
  times: string[];
  /** Metres above home, one for each coordinate. */
  relative_alt: (number | null)[];
}

/** Coordinates are longitude, latitude, metres above mean sea level. */
export type Track = Feature<LineString | Point | null, TrackProperties> & { backlog: Backlog[] };

export interface EventsQuery extends Range {
  kind?: string | undefined;
  /** Most severe is 0; events at most this number. */
  severity?: number | undefined;
  limit?: number | undefined;
}

export interface EventsPage {
  items: DroneEvent[];
  truncated: boolean;
  next: string | null;
  backlog: Backlog[];
}

export interface Flight {
  start: string;
  end: string | null;
  ongoing: boolean;
  duration_s: number;
  distance_m: number | null;
  max_relative_alt_m: number | null;
  battery_used_percent: number | null;
  takeoff: { lat: number; lon: number } | null;
}

export interface ExportQuery extends Range {
  channel: string;
  format: "csv" | "parquet";
  fields?: readonly string[] | undefined;
}

/** Settings of the page. */
export interface PageSettings {
  /** Style JSON, tiles or an archive of the user's own; null: the bundled map. */
  map_style: string | null;
  version: string;
  demo?: boolean;
}
