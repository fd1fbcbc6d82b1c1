import type { Api } from "../api";
import type { View } from "../state/view";

export interface FlightListProps {
  drone: string;
  api: Api;
  view: View;
}

/** Flights of a drone, newest first; a click opens one on the map. */
export function FlightList(_props: FlightListProps) {
  return <section aria-label="Flights" />;
}
