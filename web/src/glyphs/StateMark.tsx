/** A condition as a small shape, so that colour is never alone. */

import type { StateName, Tone } from "../live/condition";
import "./glyphs.css";

export function StateMark({ state, tone }: { state: StateName; tone: Tone }) {
  const shape = SHAPES[state];
  if (shape === null) return null;
  return (
    <svg className="state-mark" data-tone={tone} viewBox="0 0 16 16" aria-hidden="true">
      {shape}
    </svg>
  );
}

const SHAPES = {
  critical: (
    <>
      <path className="filled" d="M5 1 H11 L15 5 V11 L11 15 H5 L1 11 V5 Z" />
      <path className="sign" d="M8 4 V9 M8 11 V12.5" />
    </>
  ),
  warning: (
    <>
      <path className="filled" d="M8 1 L15.5 15 H0.5 Z" />
      <path className="sign" d="M8 5.5 V10 M8 11.5 V13" />
    </>
  ),
  lost: <path className="outline" d="M8 1.5 L14.5 8 L8 14.5 L1.5 8 Z M5.5 8 H10.5" />,
  offline: <path className="outline" d="M8 2 A6 6 0 1 1 7.99 2 Z M4 12 L12 4" />,
  normal: null,
};
