/** A vehicle from above: the shape says the type, the rotation says the heading. */

import type { Tone } from "../live/condition";
import "./glyphs.css";

/** Outlines in a box of 24, the nose up. */
const SHAPES: Record<string, string> = {
  copter: "M12 2 L19 20 L12 15.5 L5 20 Z",
  plane:
    "M12 1.5 L13.6 8 L22 13 V15.4 L13.6 12.8 L13 18.5 L16 20.6 V22 L12 21 L8 22 V20.6 L11 18.5 L10.4 12.8 L2 15.4 V13 L10.4 8 Z",
  rover: "M12 2 L16.5 7 V21 H7.5 V7 Z",
  boat: "M12 1.5 C16.5 6 17.5 11 16.5 21 H7.5 C6.5 11 7.5 6 12 1.5 Z",
};

const OF_VEHICLE: Record<string, keyof typeof SHAPES> = {
  vtol: "plane",
  glider: "plane",
  sub: "boat",
};

export interface VehicleGlyphProps {
  vehicle: string | null;
  /** Degrees; null: not known, the glyph stands upright. */
  heading: number | null;
  tone: Tone;
  armed: boolean;
  /** Not heard: only its outline. */
  hollow: boolean;
}

export function VehicleGlyph({ vehicle, heading, tone, armed, hollow }: VehicleGlyphProps) {
  const shape = SHAPES[OF_VEHICLE[vehicle ?? ""] ?? vehicle ?? ""] ?? (SHAPES.copter as string);
  return (
    <svg
      className="vehicle-glyph"
      data-tone={tone}
      data-armed={armed}
      data-hollow={hollow}
      viewBox="0 0 24 24"
      aria-hidden="true"
    >
      <path d={shape} transform={`rotate(${heading ?? 0} 12 12)`} />
    </svg>
  );
}
