/** What the map takes from the page. */

import type { Feature, LineString, Point } from "geojson";
import type { Freshness } from "../live/age";
import type { Condition } from "../live/condition";
import type { Fleet } from "../live/fleet";
import type { Camera } from "../state/camera";
import type { Insets } from "../state/insets";
import type { Selection } from "../state/selection";
import type { View } from "../state/view";

/** A flight as `GET …/track` gives it: times (ISO 8601) belong to the coordinates one by one. */
export type Track = Feature<LineString | Point | null, { drone: string; times: string[] }>;

/** Where a drone was at a moment of the past; heading in degrees. */
export interface PastPlace {
  lat: number;
  lon: number;
  heading: number | null;
  /** How old its last position was at that moment, and what that means. */
  ageMs: number;
  fresh: Freshness;
}

/** A moment of a past flight. Pass a new object when any part of it changed. */
export interface PastMoment {
  track: Track | undefined;
  /** Where the drone was at the moment shown. */
  position: PastPlace | undefined;
  /** Stretches of time whose part of the track is still to come. */
  arriving: readonly { startMs: number; endMs: number }[];
}

/** Stores that the map follows outside of React; the same ones for the life of the page. */
export interface MapSources {
  fleet: Fleet;
  selection: Selection;
  view: View;
  /** Wishes to the map, and whether it follows the primary drone; dragging the map ends that. */
  camera: Camera;
  /** What panels cover; nothing is centred below them. */
  insets: Insets;
  /** The server's clock that ages are counted from. */
  clock: { nowMs(): number };
  /** Where the state of each drone comes from: the page's `Overview`. */
  overview: { conditionOf(drone: string): Condition | undefined };
  /** Where the age comes from at which a position is stale: the page's `Channels`. */
  channels: { staleAfterS(channel: string): number };
}

export interface MapViewProps extends MapSources {
  /** Drawn while `view.mode.kind` is "past". */
  past?: PastMoment | undefined;
  /** The user's own map: style JSON, `{z}/{x}/{y}` tiles or a PMTiles archive; null: the bundled one. */
  mapStyle?: string | null | undefined;
}
