/** A vehicle from above, as on the map: the shape says the type, the rotation the heading. */

import type { Tone } from "../live/condition";
import { PATHS, shapeOf } from "../map/icons";
import "./glyphs.css";

export interface VehicleGlyphProps {
  vehicle: string | null;
  /** Degrees; null: not known. */
  heading: number | null;
  tone: Tone;
  armed: boolean;
  /** Not heard: only its outline. */
  hollow: boolean;
}

export function VehicleGlyph({ vehicle, heading, tone, armed, hollow }: VehicleGlyphProps) {
  return (
    <svg
      className="vehicle-glyph"
      data-tone={tone}
      data-armed={armed}
      data-hollow={hollow}
      viewBox="-13 -13 26 26"
      aria-hidden="true"
    >
      <path d={PATHS[shapeOf(vehicle, heading)]} transform={`rotate(${heading ?? 0})`} />
    </svg>
  );
}
