import type { Clock } from "../live/clock";
import type { History } from "./history";

export interface HistoryBarProps {
  history: History;
  /** The server's clock. */
  clock: Pick<Clock, "nowMs">;
  /** The selected drone, whose last minutes can be shown; undefined: none. */
  drone: string | undefined;
}

/** At the bottom of the page: live, or the time slider of a past flight. */
export function HistoryBar(_props: HistoryBarProps) {
  return <section aria-label="Time" />;
}
