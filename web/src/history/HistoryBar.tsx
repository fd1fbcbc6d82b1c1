import { shortened } from "../format";
import type { Clock } from "../live/clock";
import { useStore, useTick } from "../live/hooks";
import { usePage } from "../page";
import { DroneName } from "../readings/DroneName";
import type { History } from "./history";
import { SPEEDS, type Speed } from "./playback";
import { TimeSlider } from "./TimeSlider";
import { momentText, timeText, type Zone, zoneName } from "./times";
import { useZone } from "./useZone";
import "./history.css";

const REPLAY_MS = 600_000;

export interface HistoryBarProps {
  history: History;
  /** The server's clock. */
  clock: Pick<Clock, "nowMs">;
  /** The selected drone, whose last minutes can be shown; undefined: none. */
  drone: string | undefined;
}

/** At the bottom of the page: live, or the time slider of a past flight. */
export function HistoryBar({ history, clock, drone }: HistoryBarProps) {
  useStore(history);
  return (
    <section className="history" aria-label="Time" data-past={history.flight !== undefined}>
      {history.flight === undefined ? (
        <Live history={history} clock={clock} drone={drone} />
      ) : (
        <Past history={history} />
      )}
    </section>
  );
}

function Live({ history, clock, drone }: HistoryBarProps) {
  useTick(1000);
  const { connection } = usePage();
  useStore(connection);
  const isLive = connection.live;
  const [zone, toggleZone] = useZone();
  const nowMs = clock.nowMs();
  return (
    <>
      <span className="history-live" data-away={!isLive}>
        {isLive ? "live" : "not live"} <span aria-hidden="true">{isLive ? "●" : "○"}</span>
      </span>
      <button
        type="button"
        className="history-clock"
        onClick={toggleZone}
        title="Change between UTC and local time"
      >
        {timeText(nowMs, zone)} <small>{zoneName(zone, nowMs)}</small>
      </button>
      {drone !== undefined && (
        <button
          type="button"
          className="history-replay"
          title={`Show the last ten minutes of ${drone}`}
          onClick={() => history.showPast(drone, nowMs - REPLAY_MS, nowMs)}
        >
          Last 10 min of {shortened(drone)}
        </button>
      )}
    </>
  );
}

function Past({ history }: { history: History }) {
  const [zone, toggleZone] = useZone();
  const { flight, momentMs, marks } = history;
  if (flight === undefined) return null;
  const latest = marks.findLast(({ timeMs }) => timeMs <= momentMs);
  const jump = (timeMs: number | undefined) => timeMs !== undefined && history.moveTo(timeMs);

  return (
    <>
      <div className="history-head">
        <button
          type="button"
          className="history-past"
          onClick={toggleZone}
          title="Change between UTC and local time"
        >
          <strong>PAST</strong> {momentText(momentMs, zone)}
        </button>
        <DroneName of={flight.drone} className="history-drone" />
        <span className="history-note" role="status">
          {history.problem ?? noteOf(history, zone)}
        </span>
        <span className="history-event">{latest?.texts.at(-1)}</span>
        <button type="button" className="button history-back" onClick={() => history.showLive()}>
          Back to live <span aria-hidden="true">●</span>
        </button>
      </div>
      <div className="history-tools">
        <button
          type="button"
          className="icon-button"
          aria-label="Event before"
          title="Event before"
          onClick={() => jump(marks.findLast(({ timeMs }) => timeMs < momentMs)?.timeMs)}
        >
          <Glyph path="M6 5h2v14H6zM20 5v14L9 12z" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={history.playing ? "Pause" : "Play"}
          title={history.playing ? "Pause" : "Play"}
          onClick={() => (history.playing ? history.pause() : history.play())}
        >
          <Glyph path={history.playing ? "M6 5h4v14H6zM14 5h4v14h-4z" : "M7 4v16l13-8z"} />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Next event"
          title="Next event"
          onClick={() => jump(marks.find(({ timeMs }) => timeMs > momentMs)?.timeMs)}
        >
          <Glyph path="M16 5h2v14h-2zM4 5v14l11-7z" />
        </button>
        <label className="history-speed">
          <span className="visually-hidden">Speed</span>
          <select
            value={history.speed}
            onChange={(event) => history.setSpeed(Number(event.target.value) as Speed)}
          >
            {SPEEDS.map((speed) => (
              <option key={speed} value={speed}>
                ×{speed}
              </option>
            ))}
          </select>
        </label>
        <TimeSlider history={history} span={flight} zone={zone} />
      </div>
    </>
  );
}

function noteOf(history: History, zone: Zone): string {
  if (history.arriving.length > 0) return "Some of this time is still arriving.";
  if (history.loading) return "Loading…";
  const { eventsUntilMs } = history;
  if (eventsUntilMs !== undefined) {
    return `Too many events: those after ${timeText(eventsUntilMs, zone)} are not shown.`;
  }
  return history.placeless ? "No positions are stored of this time." : "";
}

function Glyph({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="currentColor">
      <path d={path} />
    </svg>
  );
}
