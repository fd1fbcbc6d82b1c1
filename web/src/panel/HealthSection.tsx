/** Estimator, vibration and wind. */

import { numberText, UNKNOWN } from "../format";
import { Fact } from "../readings/Fact";
import type { Origin } from "../readings/reading";
import { headingText } from "./Attitude";
import { estimatorHealth, vibrationHealth, windOf } from "./derived";

export function HealthSection({ origin }: { origin: Origin }) {
  const estimator = estimatorHealth(origin);
  const vibration = vibrationHealth(origin);
  const wind = windOf(origin);
  const facts = [estimator.of, vibration.of, wind.speed].some(({ value }) => value !== null);
  if (!facts) return null;
  const from = wind.direction.value;
  return (
    <section className="section">
      <h3>Health and wind</h3>
      <dl>
        <Fact
          wide
          label="Position estimate"
          text={estimator.word}
          of={estimator.of}
          tone={estimator.tone}
        />
        <Fact
          wide
          label="Vibration"
          text={vibration.word}
          of={vibration.of}
          tone={vibration.tone}
        />
        <Fact
          wide
          label="Wind"
          text={wind.speed.value === null ? UNKNOWN : numberText(wind.speed.value, 1)}
          unit={`m/s${from === null ? "" : ` from ${headingText(from)}°`}`}
          of={wind.speed}
        />
      </dl>
    </section>
  );
}
