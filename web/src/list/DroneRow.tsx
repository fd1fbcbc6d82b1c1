/** One drone in the list: who, how it is, battery and altitude, each with its age. */

import { numberText } from "../format";
import { StateMark } from "../glyphs/StateMark";
import { VehicleGlyph } from "../glyphs/VehicleGlyph";
import { ageText, durationText, freshness } from "../live/age";
import type { Condition } from "../live/condition";
import type { Drone } from "../live/fleet";
import { usePage } from "../page";
import { Value } from "../readings/Value";
import { altitudeOf, headingOf } from "./order";

export function DroneRow({ drone, condition }: { drone: Drone; condition: Condition }) {
  const { channels, values } = usePage();
  const { state } = drone;
  const hollow = condition.state === "lost" || condition.state === "offline";
  const position = drone.samples.get("position/1/0");
  const positionAgeMs =
    position === undefined ? condition.ageMs : values.live.ageMs(state.drone, position);
  const age = (ageMs: number | null, channel: string) =>
    hollow ? "gone" : freshness(ageMs ?? 0, channels.staleAfterS(channel));
  const positionNote = ageText(positionAgeMs ?? 0, age(positionAgeMs, "position"));
  return (
    <>
      <VehicleGlyph
        vehicle={state.vehicle}
        heading={headingOf(drone)}
        tone={condition.tone}
        armed={state.armed ?? false}
        hollow={hollow}
      />
      <span className="row-id">{state.drone}</span>
      <Value
        text={numberText(state.battery?.percent, 0)}
        unit="%"
        freshness={age(condition.ageMs, "battery")}
      />
      <Value
        text={numberText(altitudeOf(drone), 0)}
        unit="m"
        freshness={age(positionAgeMs, "position")}
      />
      <span className="row-words" data-tone={condition.tone}>
        <StateMark state={condition.state} tone={condition.tone} />
        <span className="row-reason">{wordsFor(drone, condition)}</span>
        {!hollow && positionNote && <span>· {positionNote}</span>}
      </span>
    </>
  );
}

/** What is said below a drone's name: what asks for attention, else what it does. */
export function wordsFor(drone: Drone, { state, reasons, ageMs }: Condition): string {
  if (state === "lost" && ageMs !== null) {
    const [reason = "lost"] = reasons;
    return reason.startsWith("no data") ? reason : `lost ${durationText(ageMs)}`;
  }
  if (state === "offline") {
    return ageMs === null ? "offline" : `offline ${durationText(ageMs)}`;
  }
  if (reasons.length > 0) return reasons.join(", ");
  const mode = drone.state.mode ?? "mode unknown";
  return drone.state.armed ? mode : `${mode} · disarmed`;
}
