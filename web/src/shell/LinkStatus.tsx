/** Whether the server is there, how far away it is, and when the next attempt is. */

import { useStore, useTick } from "../live/hooks";
import { usePage } from "../page";

export function LinkStatus() {
  const { connection } = usePage();
  useStore(connection);
  const { state, latencyMs } = connection;
  const { live, brokerLost } = connection;
  const away =
    brokerLost || state.kind === "waiting" || (state.kind === "connecting" && state.failures > 0);
  const words = {
    idle: "stopped",
    connecting: "connecting",
    open: openWords(latencyMs, brokerLost),
    waiting: "server away",
    outdated: "page outdated",
  }[state.kind];
  return (
    <span
      className="link"
      data-away={away || state.kind === "outdated"}
      title="Link to the server: round trip"
    >
      <span role="status">
        <span className="link-word">link</span>{" "}
        <span className="link-dot" aria-hidden="true">
          {live ? "●" : "○"}
        </span>
        <span className="visually-hidden">{live ? "connected" : "not connected"} </span>
      </span>{" "}
      <span className="link-value">{words}</span>
      {state.kind === "waiting" && <RetryIn />}
    </span>
  );
}

function openWords(latencyMs: number | undefined, brokerLost: boolean): string {
  if (brokerLost) return "broker lost";
  return latencyMs === undefined ? "" : `${Math.round(latencyMs)} ms`;
}

/** Counts down; not read aloud. */
export function RetryIn() {
  const { connection } = usePage();
  useTick(250);
  const seconds = Math.ceil(connection.retryInMs / 1000);
  return <span aria-hidden="true">, retry in {seconds} s</span>;
}
