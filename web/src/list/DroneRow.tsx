/** One drone in the list: who, how it is, battery and altitude, each with its age. */

import { numberText } from "../format";
import { StateMark } from "../glyphs/StateMark";
import { VehicleGlyph } from "../glyphs/VehicleGlyph";
import type { Condition } from "../live/condition";
import type { Drone } from "../live/fleet";
import { usePage } from "../page";
import { DroneName } from "../readings/DroneName";
import { Value } from "../readings/Value";
import { headingOf } from "./order";
import { rowOf } from "./row";

export function DroneRow({ drone, condition }: { drone: Drone; condition: Condition }) {
  const { channels, clock } = usePage();
  const { state } = drone;
  const row = rowOf(drone, condition, { channels, nowMs: clock.nowMs() });
  return (
    <>
      <span className="row-glyph" data-freshness={row.wordsFreshness}>
        <VehicleGlyph
          vehicle={state.vehicle}
          heading={headingOf(drone)}
          tone={condition.tone}
          armed={state.armed ?? false}
          hollow={row.hollow}
        />
      </span>
      <DroneName of={state.drone} className="row-id" />
      <Value text={numberText(row.battery.value, 0)} unit="%" freshness={row.battery.freshness} />
      <Value text={numberText(row.altitude.value, 0)} unit="m" freshness={row.altitude.freshness} />
      <span className="row-words" data-tone={condition.tone} data-freshness={row.wordsFreshness}>
        <StateMark state={condition.state} tone={condition.tone} />
        <span className="row-reason">{row.words}</span>
        {row.note && <span className="row-note">· {row.note}</span>}
      </span>
    </>
  );
}
