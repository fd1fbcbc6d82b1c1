/** A number with its unit, drawn by its age: plain, dimmed with the age, or struck through. */

import { momentText } from "../history/times";
import type { Freshness } from "../live/age";
import "./readings.css";

export interface ValueProps {
  text: string;
  unit: string;
  freshness: Freshness;
  /** Time of the sample that it comes from, milliseconds since 1970; told to who points at it. */
  timeMs?: number | undefined;
}

export function Value({ text, unit, freshness, timeMs }: ValueProps) {
  const told = timeMs === undefined ? undefined : `Sample of ${momentText(timeMs, "utc", 3)}`;
  return (
    <span className="value" data-freshness={freshness} title={told}>
      <span className="value-text">{text}</span>
      {unit && <span className="value-unit">{unit}</span>}
    </span>
  );
}
