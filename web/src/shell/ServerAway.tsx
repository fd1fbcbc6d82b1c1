/** Says over the map that what is shown is no longer live, and why. */

import { clockTime } from "../format";
import { useStore } from "../live/hooks";
import { usePage } from "../page";
import { RetryIn } from "./LinkStatus";

export function ServerAway() {
  const { connection, clock, zone } = usePage();
  useStore(connection);
  useStore(zone);
  const { state } = connection;
  if (state.kind === "outdated") {
    return (
      <div className="banner" role="alert">
        <p>
          <strong>This page is of another version than the server.</strong> Reload it to go on.
        </p>
        <button type="button" className="button" onClick={() => window.location.reload()}>
          Reload
        </button>
      </div>
    );
  }
  if (connection.brokerLost) {
    return (
      <div className="banner" role="alert">
        <p>
          <strong>The server has lost the broker: nothing new comes in.</strong> Data is as of{" "}
          {clockTime(clock.heardMs(), zone.chosen)}.
        </p>
      </div>
    );
  }
  const trying = state.kind === "connecting" && state.failures > 0;
  if (state.kind !== "waiting" && !trying) return null;
  const reason = state.kind === "waiting" ? state.reason : "server away";
  return (
    <div className="banner" role="alert">
      <p>
        <strong>{reason.charAt(0).toUpperCase() + reason.slice(1)}.</strong>{" "}
        {clock.awaySince === undefined
          ? "Nothing was heard of it yet"
          : `Data is as of ${clockTime(clock.heardMs(), zone.chosen)}`}
        {state.kind === "waiting" ? <RetryIn /> : ", connecting…"}
      </p>
      <button type="button" className="button" onClick={() => connection.retryNow()}>
        Retry now
      </button>
    </div>
  );
}
