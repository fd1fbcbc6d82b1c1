/** The way from the autopilot to this page, hop by hop. */

import { capital, minuteTime, numberText, UNKNOWN } from "../format";
import { clockText, durationText } from "../live/age";
import { useStore } from "../live/hooks";
import type { Backlog, DroneState } from "../live/protocol";
import { usePage } from "../page";
import { Fact } from "../readings/Fact";
import { type Age, ageOf, CUT_OFF, FRESH, field, type Origin } from "../readings/reading";
import type { Zone } from "../state/zone";
import type { TimedSample } from "../values";

/** The note stands above, once for all. */
const UNHEARD: Age = { ...CUT_OFF, note: "" };
/** Of more, the older ones are only counted. */
const MOST_STRETCHES = 4;
const LINKS = { up: "heard", down: "not heard" };

export function LinkSection({ origin }: { origin: Origin }) {
  const { fleet, clock, zone, connection } = usePage();
  useStore(connection);
  const state = fleet.drones.get(origin.drone)?.state;
  const live = origin.source.kind === "live";
  // Of the past only a radio has told of it.
  if (!live && radioSample(origin) === undefined) return null;
  return (
    <section className="section">
      <h3>
        Link
        {live && !connection.live && <span className="note"> {CUT_OFF.note}</span>}
      </h3>
      <dl>
        {live && state !== undefined && <AgentFacts state={state} isLive={connection.live} />}
        <RadioFacts origin={origin} />
      </dl>
      {live && state !== undefined && state.backlog.length > 0 && (
        <p className="backlog">
          {state.presence === "online"
            ? "History still arriving"
            : "History that it has still to send"}
          : {backlogText(state.backlog, clock.nowMs(), zone.chosen)}
        </p>
      )}
    </section>
  );
}

/** What was said last holds as long as whoever said it can be heard. */
function AgentFacts({ state, isLive }: { state: DroneState; isLive: boolean }) {
  const clock = clockText(state.clock_error_s);
  return (
    <>
      <Fact label="Agent" text={capital(state.presence)} of={isLive ? FRESH : UNHEARD} />
      <Fact
        label="Autopilot"
        text={state.link === null ? UNKNOWN : LINKS[state.link]}
        of={isLive && state.presence === "online" ? FRESH : UNHEARD}
      />
      <Fact
        wide
        label="Agent version"
        text={`${state.agent_version ?? UNKNOWN}${state.rate_policy === null ? "" : ` · ${state.rate_policy}`}`}
      />
      {clock !== null && <Fact wide label="Drone's clock" text={clock} tone="warning" />}
    </>
  );
}

/** A telemetry radio has component 68 on its own; the autopilot repeats it as component 1. */
const RADIO_COMPONENTS = [1, 68];

function radioSample(origin: Origin): TimedSample | undefined {
  return RADIO_COMPONENTS.map((component) =>
    origin.source.sample(origin.drone, "radio", "0", component),
  ).find((each) => each !== undefined);
}

function RadioFacts({ origin }: { origin: Origin }) {
  const sample = radioSample(origin);
  if (sample === undefined) return null;
  const of = ageOf(origin, "radio", sample);
  const plain = { ...of, note: "" };
  const pair = (here: string, there: string) =>
    [here, there].map((name) => numberText(field(sample.values, name), 0)).join(" / ");
  return (
    <>
      <Fact wide label="Radio signal here / there" text={pair("rssi", "remrssi")} of={of} />
      <Fact wide label="Radio noise here / there" text={pair("noise", "remnoise")} of={plain} />
      <Fact
        wide
        label="Receive errors"
        text={numberText(field(sample.values, "rxerrors"), 0)}
        of={plain}
      />
    </>
  );
}

/** `10:02–10:05, 11:40 (3:50 in all)`: of when, the newest last, and how much. */
export function backlogText(backlog: readonly Backlog[], nowMs: number, zone: Zone): string {
  const spans = backlog.map(({ from, to }) => ({
    startMs: Date.parse(from),
    endMs: Date.parse(to),
  }));
  const lengthMs = spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const shown = spans.slice(-MOST_STRETCHES).map(({ startMs, endMs }) => {
    const [start, end] = [startMs, endMs].map((timeMs) => minuteTime(timeMs, nowMs, zone));
    return start === end ? start : `${start}–${end}`;
  });
  const more = spans.length - shown.length;
  const older = more > 0 ? `${more} older, ` : "";
  return `${older}${shown.join(", ")} (${durationText(lengthMs)} in all)`;
}
