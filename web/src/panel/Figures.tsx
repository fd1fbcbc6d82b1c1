/** The numbers a pilot flies by, in the order they have everywhere. */

import { distance, numberText, signedText, UNKNOWN } from "../format";
import type { Condition } from "../live/condition";
import type { DroneState } from "../live/protocol";
import { usePage } from "../page";
import { Figure } from "../readings/Figure";
import { CUT_OFF, FRESH, type Origin, reading } from "../readings/reading";
import {
  batteryTone,
  climbRate,
  distanceFromHome,
  gpsOf,
  groundSpeed,
  mainBattery,
} from "./derived";

/** Beside the attitude. */
export function MotionFigures({ origin }: { origin: Origin }) {
  const altitude = reading(origin, "position", "relative_alt");
  const speed = groundSpeed(origin);
  const climb = climbRate(origin);
  return (
    <dl className="figures-beside">
      <Figure label="Above home" text={numberText(altitude.value, 1)} unit="m" of={altitude} />
      <Figure label="Speed" text={numberText(speed.value, 1)} unit="m/s" of={speed} />
      <Figure label="Climb" text={signedText(climb.value, 1)} unit="m/s" of={climb} />
    </dl>
  );
}

/** Below it. */
export function StateFigures({ origin }: { origin: Origin }) {
  const { fleet } = usePage();
  const { percent, voltage } = mainBattery(origin);
  const home = distanceFromHome(origin);
  const away = distance(home.value);
  const gps = gpsOf(origin);
  const state = fleet.drones.get(origin.drone)?.state;
  return (
    <dl className="figures-below">
      <Figure
        label="Battery"
        text={numberText(percent.value, 0)}
        unit="%"
        of={percent}
        beside={
          voltage.value === null
            ? undefined
            : { text: numberText(voltage.value, 1), unit: "V", of: voltage }
        }
        tone={batteryTone(percent.value)}
      />
      <Figure label="From home" text={away.text} unit={away.unit} of={home} />
      <Figure
        label="GPS"
        text={gps.word}
        unit=""
        of={gps.fix}
        beside={
          gps.satellites === null
            ? undefined
            : { text: `${gps.satellites}`, unit: "sat", of: { ...gps.fix, note: "" } }
        }
        tone={gps.tone}
      />
      {origin.source.kind === "live" && state !== undefined && <LinkFigure state={state} />}
    </dl>
  );
}

function LinkFigure({ state }: { state: DroneState }) {
  const { overview, connection } = usePage();
  if (!connection.live) {
    return <Figure label="Link" text={UNKNOWN} unit="" of={CUT_OFF} />;
  }
  const { text, tone } = linkOf(state, overview.conditionOf(state.drone));
  return <Figure label="Link" text={text} unit="" of={FRESH} tone={tone} />;
}

/** The way from the autopilot to here, in a word. */
function linkOf({ presence, link }: DroneState, condition: Condition | undefined) {
  const tone = condition?.tone ?? "quiet";
  if (presence === "lost") return { text: "lost", tone };
  if (presence !== "online") return { text: "offline", tone };
  if (link === "down") return { text: "no autopilot", tone };
  if (condition?.state === "lost") return { text: "silent", tone };
  return { text: "up", tone: "quiet" as const };
}
