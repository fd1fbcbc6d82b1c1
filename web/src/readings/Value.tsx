/** A number with its unit, drawn by its age: plain, dimmed with the age, or struck through. */

import type { Freshness } from "../live/age";
import "./readings.css";

export interface ValueProps {
  text: string;
  unit: string;
  freshness: Freshness;
}

export function Value({ text, unit, freshness }: ValueProps) {
  return (
    <span className="value" data-freshness={freshness}>
      <span className="value-text">{text}</span>
      {unit && <span className="value-unit">{unit}</span>}
    </span>
  );
}
