/** The map: base map, fleet, trails and the flights of the past. */

export { MapView } from "./MapView";
export type { Edges, MapCommands, MapViewProps, PastMoment, Track } from "./types";
