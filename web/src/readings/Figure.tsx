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
  /** A second value beside it, smaller, with an age of its own. */
  beside?: { text: string; unit: string; of: Age } | undefined;
}

/** Letters that fit in large; a longer word is no number to read from afar. */
const LONGEST_LARGE = 8;

export function Figure({ label, text, unit, of, tone = "quiet", beside }: FigureProps) {
  // Where only the second one is old, its own look says which of the two is meant.
  const note = of.note || beside?.of.note;
  return (
    <div className="figure" data-tone={of.freshness === "fresh" ? tone : "quiet"}>
      <dt>
        <span className="figure-label">{label}</span>
        {note && <span className="note"> {note}</span>}
      </dt>
      <dd data-long={text.length > LONGEST_LARGE}>
        {tone !== "quiet" && of.freshness === "fresh" && <StateMark state={tone} tone={tone} />}
        <Value text={text} unit={unit} freshness={of.freshness} timeMs={of.timeMs} />
        {beside && (
          <span className="figure-beside">
            <Value
              text={beside.text}
              unit={beside.unit}
              freshness={beside.of.freshness}
              timeMs={beside.of.timeMs}
            />
          </span>
        )}
      </dd>
    </div>
  );
}
