/** One line of the panel's details: a name and its value, or a word for it. */

import type { Tone } from "../live/condition";
import { type Age, FRESH } from "./reading";
import { Value } from "./Value";

export interface FactProps {
  label: string;
  text: string;
  unit?: string;
  of?: Age;
  tone?: Tone;
  /** Takes the line alone. */
  wide?: boolean;
}

export function Fact({
  label,
  text,
  unit = "",
  of = FRESH,
  tone = "quiet",
  wide = false,
}: FactProps) {
  return (
    <div
      className={wide ? "fact wide" : "fact"}
      data-tone={of.freshness === "fresh" ? tone : "quiet"}
    >
      <dt>{label}</dt>
      <dd>
        {of.note && <span className="note">{of.note} </span>}
        <Value text={text} unit={unit} freshness={of.freshness} timeMs={of.timeMs} />
      </dd>
    </div>
  );
}
