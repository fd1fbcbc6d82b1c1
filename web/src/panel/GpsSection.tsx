/** Each GNSS receiver: fix, satellites, how exact. */

import { instanceName, numberText } from "../format";
import { Fact } from "../readings/Fact";
import type { Origin } from "../readings/reading";
import { gpsOf } from "./derived";

export function GpsSection({ origin }: { origin: Origin }) {
  const instances = origin.source.instances(origin.drone, "gps");
  if (instances.length === 0) return null;
  return (
    <section className="section">
      {instances.map((instance) => {
        const gps = gpsOf(origin, instance);
        const plain = { ...gps.fix, note: "" };
        return (
          <div key={instance}>
            <h3>
              {instances.length > 1 ? `GPS ${instanceName(instance)}` : "GPS"}
              {gps.fix.note && <span className="note"> {gps.fix.note}</span>}
            </h3>
            <dl>
              <Fact label="Fix" text={gps.word} of={plain} tone={gps.tone} />
              <Fact label="Satellites" text={numberText(gps.satellites, 0)} of={plain} />
              <Fact label="HDOP" text={numberText(gps.hdop, 2)} of={plain} />
              {gps.accuracy !== null && gps.accuracy > 0 && (
                <Fact label="Accuracy" text={numberText(gps.accuracy, 1)} unit="m" of={plain} />
              )}
            </dl>
          </div>
        );
      })}
    </section>
  );
}
