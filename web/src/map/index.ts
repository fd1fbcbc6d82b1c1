/** The map: base map, fleet, trails and the flights of the past. */

export { MapView } from "./MapView";
export type { MapSources, MapViewProps, PastMoment, PastPlace, Track } from "./types";
