import type { MapViewProps } from "./types";

/** The map of the fleet. */
export function MapView(_props: MapViewProps) {
  return <section aria-label="Map of the fleet" />;
}
