/** Artificial horizon with a heading tape. Crossed out when nobody may fly by it. */

import { numberText } from "../format";
import { firstOf, type Origin, type Reading, reading } from "../readings/reading";

const WIDTH = 160;
const HEIGHT = 128;
const TAPE = 24;
/** Width of the heading's box, and of a number on the tape. */
const BOX = 36;
const LETTERS = 22;
const MIDDLE_Y = (HEIGHT - TAPE) / 2 + TAPE;
const PIXELS_PER_DEGREE_PITCH = 1.4;
const PIXELS_PER_DEGREE_HEADING = 1.6;
/** Every ten degrees long, in between short. */
const LADDER = [-30, -20, -10, -5, 5, 10, 20];
const BANKS = [-60, -45, -30, -20, -10, 0, 10, 20, 30, 45, 60];
const BANK_RADIUS = 42;
const AIRCRAFT = `M${WIDTH / 2 - 40} ${MIDDLE_Y} h24 l6 6 M${WIDTH / 2 + 40} ${MIDDLE_Y} h-24 l-6 6 M${WIDTH / 2 - 1} ${MIDDLE_Y} h2`;
const DEGREES = 180 / Math.PI;

export function Attitude({ origin }: { origin: Origin }) {
  const roll = degrees(reading(origin, "attitude", "roll"));
  const pitch = degrees(reading(origin, "attitude", "pitch"));
  const yaw = degrees(reading(origin, "attitude", "yaw"));
  const heading = firstOf(
    yaw.freshness === "fresh" ? yaw : { ...yaw, value: null },
    reading(origin, "position", "hdg"),
    yaw,
  );
  const known = roll.value !== null && pitch.value !== null;
  const words = known
    ? `Roll ${numberText(roll.value, 0)}°, pitch ${numberText(pitch.value, 0)}°, heading ${headingText(heading.value)}°${roll.note && `, ${roll.note}`}`
    : "No attitude";
  return (
    <figure className="attitude" data-freshness={known ? roll.freshness : "gone"}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={words}>
        <clipPath id="attitude-glass">
          <rect y={TAPE} width={WIDTH} height={HEIGHT - TAPE} />
        </clipPath>
        <g clipPath="url(#attitude-glass)">
          <Horizon roll={roll.value ?? 0} pitch={pitch.value ?? 0} />
          <BankScale roll={roll.value ?? 0} />
          <path className="aircraft-halo" d={AIRCRAFT} />
          <path className="aircraft" d={AIRCRAFT} />
        </g>
        <HeadingTape heading={heading.value} />
        {(!known || roll.freshness === "gone") && (
          <path
            className="cross"
            d={`M4 ${TAPE + 4} L${WIDTH - 4} ${HEIGHT - 4} M${WIDTH - 4} ${TAPE + 4} L4 ${HEIGHT - 4}`}
          />
        )}
      </svg>
      <figcaption>{known ? roll.note : "no attitude"}</figcaption>
    </figure>
  );
}

function Horizon({ roll, pitch }: { roll: number; pitch: number }) {
  const far = 400;
  const half = WIDTH / 2;
  return (
    <g
      transform={`translate(${half} ${MIDDLE_Y}) rotate(${-roll}) translate(0 ${pitch * PIXELS_PER_DEGREE_PITCH})`}
    >
      <rect className="sky" x={-far} y={-far} width={2 * far} height={far} />
      <rect className="ground" x={-far} y={0} width={2 * far} height={far} />
      <line className="horizon" x1={-far} x2={far} y1={0} y2={0} />
      {LADDER.map((angle) => {
        const y = -angle * PIXELS_PER_DEGREE_PITCH;
        const reach = angle % 10 === 0 ? 16 : 8;
        return (
          <line
            key={angle}
            className={angle > 0 ? "ladder-sky" : "ladder-ground"}
            x1={-reach}
            x2={reach}
            y1={y}
            y2={y}
          />
        );
      })}
    </g>
  );
}

function BankScale({ roll }: { roll: number }) {
  const top = MIDDLE_Y - BANK_RADIUS;
  return (
    <g transform={`rotate(${-roll} ${WIDTH / 2} ${MIDDLE_Y})`}>
      {BANKS.map((bank) => (
        <line
          key={bank}
          className="bank"
          x1={WIDTH / 2}
          x2={WIDTH / 2}
          y1={top}
          y2={top - (bank % 30 === 0 ? 6 : 4)}
          transform={`rotate(${bank} ${WIDTH / 2} ${MIDDLE_Y})`}
        />
      ))}
      <g transform={`rotate(${roll} ${WIDTH / 2} ${MIDDLE_Y})`}>
        <path className="bank-pointer" d={`M${WIDTH / 2} ${top + 1} l-4 7 h8 Z`} />
      </g>
    </g>
  );
}

function HeadingTape({ heading }: { heading: number | null }) {
  const centre = heading ?? 0;
  const marks: number[] = [];
  for (let mark = Math.ceil((centre - 50) / 10) * 10; mark <= centre + 50; mark += 10) {
    marks.push(mark);
  }
  return (
    <g>
      <rect className="tape" width={WIDTH} height={TAPE} />
      {heading !== null &&
        marks.map((mark) => {
          const x = WIDTH / 2 + (mark - centre) * PIXELS_PER_DEGREE_HEADING;
          return (
            <g key={mark}>
              <line className="tape-mark" x1={x} x2={x} y1={TAPE} y2={TAPE - 4} />
              {mark % 30 === 0 && isClear(x) && (
                <text className="tape-text" x={x} y={16}>
                  {tapeLabel(mark)}
                </text>
              )}
            </g>
          );
        })}
      <rect className="tape-box" x={(WIDTH - BOX) / 2} y={1} width={BOX} height={TAPE - 3} rx={2} />
      <text className="tape-heading" x={WIDTH / 2} y={17}>
        {headingText(heading)}
      </text>
    </g>
  );
}

/** Whether a whole number fits there, neither below the heading's box nor cut off at an end. */
function isClear(x: number): boolean {
  const fromMiddle = Math.abs(x - WIDTH / 2);
  return fromMiddle > BOX / 2 + LETTERS / 2 && fromMiddle < WIDTH / 2 - LETTERS / 2;
}

const CARDINALS: Record<number, string> = { 0: "N", 90: "E", 180: "S", 270: "W" };

function tapeLabel(mark: number): string {
  const angle = ((mark % 360) + 360) % 360;
  return CARDINALS[angle] ?? String(angle).padStart(3, "0");
}

/** `007`, as headings are written; north is 360 to no one here: it is `000`. */
export function headingText(heading: number | null): string {
  if (heading === null) return "–––";
  const rounded = ((Math.round(heading) % 360) + 360) % 360;
  return String(rounded).padStart(3, "0");
}

function degrees(radians: Reading): Reading {
  return { ...radians, value: radians.value === null ? null : radians.value * DEGREES };
}
