import { type FormEvent, useState } from "react";
import { dayText, timeText, type Zone, zoneName } from "../history/times";
import { LASTS, type PlotRange, parseRange, type Span } from "./range";

export interface RangePickerProps {
  range: PlotRange;
  span: Span;
  /** Whether a flight of this drone is in view. */
  flight: boolean;
  zone: Zone;
  onZone: () => void;
  nowMs: () => number;
  onChange: (range: PlotRange) => void;
}

/** Which stretch of time a plot shows. */
export function RangePicker({
  range,
  span,
  flight,
  zone,
  onZone,
  nowMs,
  onChange,
}: RangePickerProps) {
  const [open, setOpen] = useState(false);
  return (
    <div className="range">
      <fieldset className="range-choices">
        <legend className="visually-hidden">Time</legend>
        {flight && (
          <button
            type="button"
            aria-pressed={range.kind === "flight"}
            onClick={() => onChange({ kind: "flight" })}
          >
            Flight
          </button>
        )}
        {LASTS.map(({ name, lengthMs }) => (
          <button
            type="button"
            key={name}
            aria-pressed={range.kind === "last" && range.lengthMs === lengthMs}
            aria-label={`Last ${name}`}
            onClick={() => onChange({ kind: "last", lengthMs })}
          >
            {name}
          </button>
        ))}
        <button
          type="button"
          aria-pressed={range.kind === "fixed"}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          From…
        </button>
        <button type="button" onClick={onZone} title="Change between UTC and local time">
          {zoneName(zone, span.endMs)}
        </button>
      </fieldset>
      {open && <FromTo key={zone} span={span} zone={zone} nowMs={nowMs} onChange={onChange} />}
    </div>
  );
}

function FromTo({
  span,
  zone,
  nowMs,
  onChange,
}: Pick<RangePickerProps, "span" | "zone" | "nowMs" | "onChange">) {
  const text = (timeMs: number) => `${dayText(timeMs, zone)} ${timeText(timeMs, zone)}`;
  const [from, setFrom] = useState(text(span.startMs));
  const [to, setTo] = useState(text(span.endMs));
  const [wrong, setWrong] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = parseRange(from, to, nowMs(), zone);
    if (typeof found === "string") setWrong(found);
    else {
      setWrong("");
      onChange({ kind: "fixed", ...found });
    }
  };
  return (
    <form className="range-form" onSubmit={submit}>
      <label>
        From
        <input value={from} onChange={(event) => setFrom(event.target.value)} />
      </label>
      <label>
        to
        <input value={to} onChange={(event) => setTo(event.target.value)} />
      </label>
      <button type="submit" className="button">
        Show
      </button>
      {wrong && <p role="alert">{wrong}</p>}
    </form>
  );
}
