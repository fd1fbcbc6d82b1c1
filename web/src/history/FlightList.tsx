import { useCallback, useState } from "react";
import { type Api, type Flight, useAnswer } from "../api";
import { distance, numberText, UNKNOWN } from "../format";
import { durationText } from "../live/age";
import { useStore } from "../live/hooks";
import { usePage } from "../page";
import type { View } from "../state/view";
import { dayWord, timeText, zoneName } from "./times";
import "./history.css";
import { useZone } from "./useZone";

const REFRESH_MS = 30_000;
const DEPTHS = [
  { start: "-30d", words: "in the last 30 days" },
  { start: "1970-01-01T00:00:00Z", words: "are stored" },
] as const;

export interface FlightListProps {
  drone: string;
  api: Api;
  view: View;
}

/** Flights of a drone, newest first; a click opens one on the map. */
export function FlightList({ drone, api, view }: FlightListProps) {
  useStore(view);
  const [depth, setDepth] = useState(0);
  const { start, words } = DEPTHS[depth] ?? DEPTHS[0];
  const ask = useCallback(
    (signal: AbortSignal) => api.getFlights(drone, { start }, signal),
    [api, drone, start],
  );
  const { answer, problem, loading, again } = useAnswer(ask, REFRESH_MS);
  const shownStart = view.mode.kind === "past" && view.mode.drone === drone && view.mode.startMs;

  return (
    <section className="flights" aria-label={`Flights of ${drone}`} aria-busy={loading}>
      {problem !== undefined && (
        <p className="history-problem" role="alert">
          Flights could not be loaded. {problem}{" "}
          <button type="button" className="button" onClick={again}>
            Try again
          </button>
        </p>
      )}
      {answer === undefined && problem === undefined && <p className="muted">Loading flights…</p>}
      {answer?.length === 0 && (
        <p className="muted">No flights {words}. A flight is from armed to disarmed.</p>
      )}
      {answer !== undefined && answer.length > 0 && (
        <FlightTable
          flights={answer}
          shownStart={shownStart}
          onOpen={(flight) => view.showPast(drone, Date.parse(flight.start), endMs(flight))}
        />
      )}
      {answer !== undefined && depth === 0 && (
        <button type="button" className="flights-more" onClick={() => setDepth(1)}>
          Look further back
        </button>
      )}
    </section>
  );
}

interface FlightTableProps {
  flights: readonly Flight[];
  shownStart: number | false;
  onOpen: (flight: Flight) => void;
}

function FlightTable({ flights, shownStart, onOpen }: FlightTableProps) {
  const [zone] = useZone();
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Start {zoneName(zone, Date.now())}</th>
          <th scope="col">Duration</th>
          <th scope="col">Distance</th>
          <th scope="col">Greatest height</th>
          <th scope="col">Battery used</th>
        </tr>
      </thead>
      <tbody>
        {flights.map((flight) => (
          <FlightRow
            key={flight.start}
            flight={flight}
            shown={Date.parse(flight.start) === shownStart}
            onOpen={() => onOpen(flight)}
          />
        ))}
      </tbody>
    </table>
  );
}

function FlightRow({
  flight,
  shown,
  onOpen,
}: {
  flight: Flight;
  shown: boolean;
  onOpen: () => void;
}) {
  const { clock } = usePage();
  const [zone] = useZone();
  const startMs = Date.parse(flight.start);
  const day = dayWord(startMs, clock.nowMs(), zone);
  const way = distance(flight.distance_m);
  return (
    <tr data-shown={shown}>
      <th scope="row">
        <button type="button" className="flight-open" aria-pressed={shown} onClick={onOpen}>
          {timeText(startMs, zone).slice(0, 5)}
          <span className="visually-hidden">: show this flight on the map</span>
        </button>
        {(!flight.ongoing || day !== "today") && <span className="flight-day">{day}</span>}
        {flight.ongoing && <span className="flight-day">in flight</span>}
      </th>
      <td>{durationText(1000 * flight.duration_s)}</td>
      <td>
        {way.text} <Unit of={way.text} name={way.unit} />
      </td>
      <td>
        {numberText(flight.max_relative_alt_m, 0)} <Unit of={flight.max_relative_alt_m} name="m" />
      </td>
      <td>
        {numberText(flight.battery_used_percent, 0)}{" "}
        <Unit of={flight.battery_used_percent} name="%" />
      </td>
    </tr>
  );
}

function Unit({ of, name }: { of: number | string | null; name: string }) {
  return of === null || of === UNKNOWN ? null : <small>{name}</small>;
}

/** An ongoing flight is shown up to what there is of it. */
function endMs(flight: Flight): number {
  return flight.end === null
    ? Date.parse(flight.start) + 1000 * flight.duration_s
    : Date.parse(flight.end);
}
