/** A number to fly by: its name, the value in large, and its age as soon as that matters. */

import { StateMark } from "../glyphs/StateMark";
import type { Tone } from "../live/condition";
import type { Age } from "./reading";
import { Value } from "./Value";

export interface FigureProps {
  label: string;
  text: string;
  unit: string;
  /** Its age. */
  of: Age;
  tone?: Tone;
}

export function Figure({ label, text, unit, of, tone = "quiet" }: FigureProps) {
  return (
    <div className="figure" data-tone={of.freshness === "fresh" ? tone : "quiet"}>
      <dt>
        <span className="figure-label">{label}</span>
        {of.note && <span className="note"> {of.note}</span>}
      </dt>
      <dd>
        {tone !== "quiet" && of.freshness === "fresh" && <StateMark state={tone} tone={tone} />}
        <Value text={text} unit={unit} freshness={of.freshness} timeMs={of.timeMs} />
      </dd>
    </div>
  );
}
