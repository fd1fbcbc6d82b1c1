/** Each battery with what is left, what flows, what was used, and its cells. */

import { instanceName, numberText } from "../format";
import { durationText } from "../live/age";
import { Fact } from "../readings/Fact";
import { ageOf, field, type Origin } from "../readings/reading";
import { batteryTone, cellVoltages, packVoltage } from "./derived";

export function BatterySection({ origin }: { origin: Origin }) {
  const instances = origin.source.instances(origin.drone, "battery");
  if (instances.length === 0) return null;
  return (
    <section className="section">
      {instances.map((instance) => (
        <Battery
          key={instance}
          origin={origin}
          instance={instance}
          alone={instances.length === 1}
        />
      ))}
    </section>
  );
}

function Battery({
  origin,
  instance,
  alone,
}: {
  origin: Origin;
  instance: string;
  /** Its charge and voltage stand above, among the figures. */
  alone: boolean;
}) {
  const sample = origin.source.sample(origin.drone, "battery", instance);
  if (sample === undefined) return null;
  const { values } = sample;
  const of = ageOf(origin, "battery", sample);
  const plain = { ...of, note: "" };
  const percent = field(values, "battery_remaining");
  const left = field(values, "time_remaining");
  const cells = cellVoltages(values);
  const lowest = Math.min(...cells);
  return (
    <>
      <h3>
        {alone ? "Battery" : `Battery ${instanceName(instance)}`}
        {of.note && <span className="note"> {of.note}</span>}
      </h3>
      <dl>
        {!alone && (
          <>
            <Fact
              label="Charge"
              text={numberText(percent, 0)}
              unit="%"
              of={plain}
              tone={batteryTone(percent)}
            />
            <Fact label="Voltage" text={numberText(packVoltage(values), 1)} unit="V" of={plain} />
          </>
        )}
        <Fact
          label="Current"
          text={numberText(field(values, "current_battery"), 1)}
          unit="A"
          of={plain}
        />
        <Fact
          label="Used"
          text={numberText(field(values, "current_consumed"), 0)}
          unit="mAh"
          of={plain}
        />
        {left !== null && left > 0 && (
          <Fact label="Time left" text={durationText(1000 * left)} of={plain} />
        )}
        {cells.length > 1 && (
          <Fact
            wide
            label={`Cells, lowest ${numberText(lowest, 2)} V`}
            text={cells.map((volts) => numberText(volts, 2)).join(" ")}
            unit="V"
            of={plain}
          />
        )}
      </dl>
    </>
  );
}
