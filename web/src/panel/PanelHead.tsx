/** Name, type, mode and condition of the drone, and what the map can do about it. */

import { autopilotName, clockTime, UNKNOWN, vehicleName } from "../format";
import { Icon } from "../glyphs/Icon";
import { StateMark } from "../glyphs/StateMark";
import { durationText } from "../live/age";
import type { Drone } from "../live/fleet";
import { useStore } from "../live/hooks";
import type { DroneState } from "../live/protocol";
import { usePage } from "../page";
import { ageOf } from "../readings/reading";
import { useOrigin } from "./useOrigin";

const LANDED: Record<NonNullable<DroneState["landed"]>, string> = {
  in_air: "in the air",
  on_ground: "on the ground",
  takeoff: "taking off",
  landing: "landing",
};

/** Names beyond this are written smaller, for all of a name must be read. */
const LONG_NAME = 16;

export function PanelHead({ drone }: { drone: string }) {
  const { fleet, overview, camera, selection, zone } = usePage();
  useStore(camera);
  const origin = useOrigin(drone);
  const state = fleet.drones.get(drone)?.state;
  const condition = overview.conditionOf(drone);
  const live = origin.source.kind === "live";
  const { mode, armed, landed } = origin.source.doing(drone);
  const ageMs = condition?.ageMs ?? null;
  // Cut off from the server, the drone's condition stands still; what it does grows old all the same.
  const heartbeat = origin.source.sample(drone, "heartbeat");
  const doing = ageOf(origin, "heartbeat", heartbeat);
  // Of the past nothing but its heartbeats says that it still did it.
  const told = live || heartbeat !== undefined;
  return (
    <header className="panel-head">
      <div className="panel-title">
        <h2 data-long={drone.length > LONG_NAME}>{drone}</h2>
        <button
          type="button"
          className="icon-button"
          aria-label="Centre the map on it"
          title="Centre (Space)"
          onClick={() => camera.centre([drone])}
        >
          <Icon name="centre" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Follow it"
          aria-pressed={camera.following}
          title="Follow (F)"
          onClick={() => camera.follow(!camera.following)}
        >
          <Icon name="follow" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Close the panel"
          title="Close (Esc)"
          onClick={() => selection.clear()}
        >
          <Icon name="close" />
        </button>
      </div>
      {state !== undefined && (
        <p className="panel-kind">
          {vehicleName(state.vehicle)} · {autopilotName(state.autopilot)}
          {state.firmware !== null && ` ${state.firmware}`} · {state.fleet}
        </p>
      )}
      <p className="panel-doing" data-freshness={told ? doing.freshness : "gone"}>
        <strong>{mode ?? UNKNOWN}</strong>
        <span>{armed === null ? "arming unknown" : armed ? "ARMED" : "disarmed"}</span>
        {landed !== null && <span>{LANDED[landed]}</span>}
        {(!live || condition?.state === "normal") && doing.note && (
          <span className="note">{doing.note}</span>
        )}
      </p>
      {live && condition !== undefined && condition.state !== "normal" && (
        <p className="panel-condition" data-tone={condition.tone} role="status">
          <StateMark state={condition.state} tone={condition.tone} />
          <span>
            <strong>{condition.state}</strong> {condition.reasons.join(", ")}
            {condition.state !== "critical" &&
              condition.state !== "warning" &&
              ageMs !== null &&
              !condition.reasons.some((reason) => reason.startsWith("no data")) && (
                <span aria-hidden="true"> · last heard {durationText(ageMs)} ago</span>
              )}
          </span>
        </p>
      )}
      {live && state !== undefined && !hasPosition(fleet.drones.get(drone)) && (
        <p className="panel-past">No position yet: it is not on the map.</p>
      )}
      {!live && (
        <p className="panel-past">Past flight · {clockTime(origin.source.nowMs(), zone.chosen)}</p>
      )}
    </header>
  );
}

function hasPosition(drone: Drone | undefined): boolean {
  return (
    drone !== undefined && (drone.samples.has("position/1/0") || drone.state.position !== null)
  );
}
