import type { ReactNode } from "react";
import { numberText, UNKNOWN } from "../format";
import { momentText, timeText, type Zone } from "../history/times";
import { decimalsOf, lookOf } from "./look";
import type { Span } from "./range";
import { extent, lastReading, readingAt, type Trace } from "./trace";

export interface ReadoutProps {
  traces: readonly Trace[];
  span: Span;
  zone: Zone;
  /** Where the cursor is; undefined: the newest values are told. */
  cursorMs: number | undefined;
  onRemove: (key: string) => void;
}

/** The plot in figures: the values at the cursor, or the newest, with their own times. */
export function Readout({ traces, span, zone, cursorMs, onRemove }: ReadoutProps) {
  return (
    <table className="readout">
      <caption>
        {cursorMs === undefined ? "Newest values" : `At ${momentText(cursorMs, zone, 1)}`}
      </caption>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Value</th>
          <th scope="col">Least – most</th>
          <th scope="col">Sample</th>
          <th scope="col">
            <span className="visually-hidden">Remove</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {traces.map((trace, index) => (
          <Row
            key={trace.field.key}
            trace={trace}
            index={index}
            span={span}
            zone={zone}
            cursorMs={cursorMs}
            onRemove={onRemove}
          />
        ))}
      </tbody>
    </table>
  );
}

function Row({
  trace,
  index,
  span,
  zone,
  cursorMs,
  onRemove,
}: Omit<ReadoutProps, "traces"> & { trace: Trace; index: number }) {
  const { field } = trace;
  const reached = extent(trace, span.startMs, span.endMs);
  const nearest = cursorMs === undefined ? lastReading(trace) : readingAt(trace, cursorMs);
  // The point left of the plot, which its line begins at, is no value of it.
  const reading = nearest && nearest.timeMs >= span.startMs - (trace.everyMs ?? 0) ? nearest : null;
  const decimals = reached ? decimalsOf(reached.low, reached.high) : 1;
  const least = cursorMs !== undefined && trace.band && reading ? reading : reached;
  return (
    <tr>
      <th scope="row" title={field.description}>
        <Swatch index={index} />
        {breakable(field.label)}
      </th>
      <td>
        {numberText(reading?.value, decimals)} <small>{field.unit}</small>
      </td>
      <td>
        {least
          ? `${numberText(least.low, decimals)} – ${numberText(least.high, decimals)}`
          : UNKNOWN}
      </td>
      <td>
        {reading ? timeText(reading.timeMs, zone, trace.everyMs === undefined ? 2 : 0) : UNKNOWN}
      </td>
      <td>
        <button
          type="button"
          className="readout-remove"
          aria-label={`Remove ${field.label}`}
          onClick={() => onRemove(field.key)}
        >
          ×
        </button>
      </td>
    </tr>
  );
}

/** A name that may be broken after its dots and underscores, not within its words. */
function breakable(name: string): ReactNode[] {
  return name.split(/(?<=[._])/).flatMap((part) => [part, <wbr key={part} />]);
}

function Swatch({ index }: { index: number }) {
  const { colour, dash } = lookOf(index);
  return (
    <svg className="readout-swatch" viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
      <line
        x1="0"
        x2="28"
        y1="4"
        y2="4"
        stroke={`var(${colour})`}
        strokeWidth="2"
        strokeDasharray={dash.join(" ")}
      />
    </svg>
  );
}
