/** What the map takes from the page and what it offers to it. */

import type { Feature, LineString, Point } from "geojson";
import type { Ref } from "react";
import type { Condition } from "../live/condition";
import type { Fleet } from "../live/fleet";
import type { Selection } from "../state/selection";
import type { View } from "../state/view";

/** Pixels at each edge of the map that panels lie over; nothing is centred below them. */
export interface Edges {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** What the page's keys and buttons ask the map to do. */
export interface MapCommands {
  /** Bring these drones into view: one is centred, several are fitted. */
  centre(ids: readonly string[]): void;
  /** Keep this drone in the middle until told otherwise or the user drags the map. */
  follow(id: string | undefined): void;
  /** Bring the whole fleet into view. */
  fitAll(): void;
  /** The drone being followed. */
  readonly following: string | undefined;
}

/** A flight as `GET …/track` gives it: times (ISO 8601) belong to the coordinates one by one. */
export type Track = Feature<LineString | Point | null, { drone: string; times: string[] }>;

/** A moment of a past flight. Pass a new object when any part of it changed. */
export interface PastMoment {
  track: Track | undefined;
  /** Where the drone was at the moment shown; heading in degrees. */
  position: { lat: number; lon: number; heading: number | null } | undefined;
}

export interface MapViewProps {
  fleet: Fleet;
  selection: Selection;
  view: View;
  /** The server's clock that ages are counted from. */
  clock: { nowMs(): number };
  /** Where the state of each drone comes from: the page's `Overview`. */
  overview: { conditionOf(drone: string): Condition | undefined };
  /** Where the age comes from at which a position is stale: the page's `Channels`. */
  channels: { staleAfterS(channel: string): number };
  /** Drawn while `view.mode.kind` is "past". */
  past?: PastMoment | undefined;
  /** The user's own map: style JSON, `{z}/{x}/{y}` raster tiles or a PMTiles archive; null: the bundled one. */
  mapStyle?: string | null | undefined;
  /** Free of panels; the whole map when absent. */
  padding?: Edges | undefined;
  /** Follow mode began or ended (dragging the map ends it). */
  onFollow?: ((id: string | undefined) => void) | undefined;
  ref?: Ref<MapCommands> | undefined;
}
