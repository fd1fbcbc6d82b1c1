import type { Api } from "../api";
import type { Channels } from "../live/channels";
import type { Clock } from "../live/clock";
import type { Fleet } from "../live/fleet";
import type { View } from "../state/view";

export interface PlotPanelProps {
  drone: string;
  api: Api;
  fleet: Fleet;
  view: View;
  channels: Channels;
  /** The server's clock. */
  clock: Pick<Clock, "nowMs">;
}

/** Fields of a drone's channels over time. */
export function PlotPanel(_props: PlotPanelProps) {
  return <section aria-label="Plots" />;
}
