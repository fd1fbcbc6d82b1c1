import { useCallback, useEffect, useMemo, useState } from "react";
import { createPortal } from "react-dom";
import { type Api, type StoredSeries, sentenceOfError, useAnswer } from "../api";
import { arrivingIn, givenUpIn, touches } from "../history/arriving";
import { useZone } from "../history/useZone";
import type { Channel, Channels } from "../live/channels";
import type { Clock } from "../live/clock";
import type { Fleet } from "../live/fleet";
import { useStore, useTick } from "../live/hooks";
import type { DroneEvent } from "../live/protocol";
import type { View } from "../state/view";
import { FieldPicker } from "./FieldPicker";
import { fieldsOfPreset, type PlotField, PRESETS, plotFields } from "./fields";
import { learnChannel } from "./learn";
import { PlotView } from "./PlotView";
import { RangePicker } from "./RangePicker";
import { Readout } from "./Readout";
import { DEFAULT_RANGE, type PlotRange, type Span, spanOf } from "./range";
import { extent, hasValues } from "./trace";
import { usePlotData } from "./usePlotData";
import "./plots.css";

/** On a small laptop the figures below it are seen too. */
const HEIGHT = 200;
const WIDE_HEIGHT = 280;
const STORED_REFRESH_MS = 60_000;
const TABLE_MS = 1000;
const MOST_DROPPED = 1000;
const NONE_DROPPED: readonly DroneEvent[] = [];
const ALL_TIMES: Span = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

export interface PlotPanelProps {
  drone: string;
  api: Api;
  fleet: Fleet;
  view: View;
  channels: Channels;
  /** The server's clock. */
  clock: Pick<Clock, "nowMs">;
}

/** Fields of a drone's channels over time. */
export function PlotPanel(props: PlotPanelProps) {
  const { drone, api, channels } = props;
  const ask = useCallback(
    (signal: AbortSignal) => api.getDroneChannels(drone, signal),
    [api, drone],
  );
  const { answer: stored, problem, again } = useAnswer(ask, STORED_REFRESH_MS);
  const [learned, setLearned] = useState<readonly Channel[]>([]);
  const [unlearned, setUnlearned] = useState<string>();
  const table = channels.all;
  // The table may come after what is stored.
  useTick(TABLE_MS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the table is set once, as a whole
  const fields = useMemo(
    () => plotFields([...table, ...learned], stored ?? []),
    [table.length, learned, stored],
  );
  const known = new Set([...table, ...learned].map(({ name }) => name));
  const unknown = (stored ?? []).filter(({ channel }) => !known.has(channel));
  const learn = (series: StoredSeries) => {
    setUnlearned(undefined);
    learnChannel(api, drone, series)
      .then((channel) => setLearned((before) => [...before, channel]))
      .catch((error: unknown) => setUnlearned(sentenceOfError(error)));
  };

  return (
    <section className="plots" aria-label={`Plots of ${drone}`}>
      {problem !== undefined && (
        <Problem
          words={`What is stored of ${drone} could not be loaded. ${problem}`}
          again={again}
        />
      )}
      {unlearned !== undefined && <p role="alert">{unlearned}</p>}
      {stored === undefined && problem === undefined && <p className="muted">Loading channels…</p>}
      {stored?.length === 0 && (
        <p className="muted">Nothing is stored of {drone} yet. Plots appear with its first data.</p>
      )}
      {fields.length > 0 && (
        <Plot {...props} key={drone} fields={fields} unknown={unknown} onLearn={learn} />
      )}
    </section>
  );
}

interface PlotProps extends PlotPanelProps {
  fields: readonly PlotField[];
  unknown: readonly StoredSeries[];
  onLearn: (series: StoredSeries) => void;
}

function Plot({ drone, api, fleet, view, channels, clock, fields, unknown, onLearn }: PlotProps) {
  useStore(view);
  const flight = view.mode.kind === "past" && view.mode.drone === drone ? view.mode : undefined;
  const [range, setRange] = useState<PlotRange>(flight ? { kind: "flight" } : DEFAULT_RANGE);
  const [zooms, setZooms] = useState<readonly PlotRange[]>([]);
  const [chosen, setChosen] = useState<readonly PlotField[]>(() => firstFields(fields));
  const [picking, setPicking] = useState(false);
  const [wide, setWide] = useState(false);
  const [widthPx, setWidthPx] = useState(0);
  const [cursorMs, setCursorMs] = useState<number>();
  const [zone, toggleZone] = useZone();

  // A flight that comes into view is what the plot is looked at for; with its end the plot is live.
  useEffect(() => {
    setRange(flight ? { kind: "flight" } : DEFAULT_RANGE);
    setZooms([]);
  }, [flight]);

  const effective: PlotRange = range.kind === "flight" && !flight ? DEFAULT_RANGE : range;
  const backlog = fleet.drones.get(drone)?.state.backlog;
  const arriving = useMemo(() => arrivingIn(backlog ?? [], ALL_TIMES), [backlog]);
  const data = usePlotData({
    drone,
    fields: chosen,
    window:
      effective.kind === "last"
        ? { lengthMs: effective.lengthMs }
        : spanOf(effective, clock.nowMs(), flight),
    widthPx,
    arriving,
    api,
    fleet,
    channels,
    clock,
  });
  const { traces, span, loading, problem, again, revision } = data;
  const dropped = useDropped(api, drone, effective, flight);
  const missing = useMemo(
    () => givenUpIn(dropped, { startMs: span.startMs, endMs: span.endMs }),
    [dropped, span.startMs, span.endMs],
  );
  const choose = (next: PlotRange) => {
    setRange(next);
    setZooms([]);
  };
  const zoom = ({ startMs, endMs }: Span) => {
    // Below a tenth of a second there is nothing more to see.
    if (endMs - startMs < 100) return;
    setZooms([...zooms, range]);
    setRange({ kind: "fixed", startMs, endMs });
  };
  const zoomOut = () => {
    const before = zooms.at(-1);
    if (before === undefined) return;
    setRange(before);
    setZooms(zooms.slice(0, -1));
  };

  const body = (
    <div className="plots-body" data-wide={wide}>
      <fieldset className="plots-presets">
        <legend className="visually-hidden">Presets</legend>
        {PRESETS.map((preset) => {
          const wanted = fieldsOfPreset(preset, fields);
          return (
            <button
              type="button"
              key={preset.name}
              disabled={wanted.length === 0}
              title={wanted.length === 0 ? `${drone} has sent none of these` : undefined}
              aria-pressed={wanted.length > 0 && sameFields(wanted, chosen)}
              onClick={() => setChosen(wanted)}
            >
              {preset.name}
            </button>
          );
        })}
        <button type="button" aria-expanded={picking} onClick={() => setPicking(!picking)}>
          Fields…
        </button>
      </fieldset>
      {picking && (
        <FieldPicker
          fields={fields}
          chosen={chosen}
          onChange={setChosen}
          unknown={unknown}
          onLearn={onLearn}
        />
      )}
      <RangePicker
        range={effective}
        span={span}
        flight={flight !== undefined}
        zone={zone}
        onZone={toggleZone}
        nowMs={() => clock.nowMs()}
        onChange={choose}
      />
      {problem !== undefined && (
        <Problem words={`The plot could not be loaded. ${problem}`} again={again} />
      )}
      <div className="plots-drawing" aria-busy={loading}>
        <PlotView
          traces={traces}
          revision={revision}
          span={span}
          zone={zone}
          arriving={arriving}
          missing={missing}
          momentMs={flight && view.momentMs}
          cursorMs={cursorMs}
          height={wide ? WIDE_HEIGHT : HEIGHT}
          onWidth={setWidthPx}
          onCursor={setCursorMs}
          onZoom={zoom}
          onZoomOut={zoomOut}
          onPick={(momentMs) => flight && view.moveTo(momentMs)}
        />
        <p className="plots-note" role="status">
          {noteOf(data, chosen, arriving)}
        </p>
      </div>
      <Readout
        traces={traces}
        span={span}
        zone={zone}
        cursorMs={cursorMs}
        onRemove={(key) => setChosen(chosen.filter((field) => field.key !== key))}
      />
      <div className="plots-tools">
        <button type="button" disabled={zooms.length === 0} onClick={zoomOut}>
          Zoom out
        </button>
        <button type="button" aria-pressed={wide} onClick={() => setWide(!wide)}>
          {wide ? "Smaller" : "Larger"}
        </button>
        <span className="spacer" />
        <Exports drone={drone} api={api} chosen={chosen} span={span} />
      </div>
      {traces.some(hasValues) && (
        <Resolution traces={traces} following={effective.kind === "last"} />
      )}
    </div>
  );
  return wide ? createPortal(body, document.body) : body;
}

/** Events that tell what was given up of the range; it may have been given up much later. */
function useDropped(
  api: Api,
  drone: string,
  range: PlotRange,
  flight: Span | undefined,
): readonly DroneEvent[] {
  const start = range.kind === "last" ? `-${range.lengthMs}ms` : spanOf(range, 0, flight).startMs;
  const ask = useCallback(
    (signal: AbortSignal) =>
      api.getEvents(drone, { kind: "dropped", start, limit: MOST_DROPPED }, signal),
    [api, drone, start],
  );
  // Where it cannot be told, the plot itself says that the server is away.
  return useAnswer(ask, STORED_REFRESH_MS).answer?.items ?? NONE_DROPPED;
}

/** What stands where nothing is drawn. */
function noteOf(
  { traces, span, loading, problem }: ReturnType<typeof usePlotData>,
  chosen: readonly PlotField[],
  arriving: readonly Span[],
): string {
  if (chosen.length === 0) return "Choose a preset or fields.";
  if (traces.some((trace) => extent(trace, span.startMs, span.endMs))) return "";
  if (loading) return "Loading…";
  if (problem !== undefined) return "";
  return arriving.some((stretch) => touches(stretch, span))
    ? "No samples of this time have arrived yet."
    : "No samples in this time.";
}

function Resolution({
  traces,
  following,
}: {
  traces: ReturnType<typeof usePlotData>["traces"];
  following: boolean;
}) {
  const everyMs = Math.max(0, ...traces.map((trace) => trace.everyMs ?? 0));
  const seconds = everyMs < 1000 ? everyMs / 1000 : Math.round(everyMs / 1000);
  return (
    <p className="plots-resolution">
      {everyMs === 0
        ? "Every sample is drawn."
        : `Means of ${seconds} s; the band is what each reaches.`}
      {following && " Follows live."}
      {" Drag to zoom."}
    </p>
  );
}

function Exports({
  drone,
  api,
  chosen,
  span,
}: {
  drone: string;
  api: Api;
  chosen: readonly PlotField[];
  span: Span;
}) {
  const channels = [...new Set(chosen.map(({ channel }) => channel))];
  const url = (channel: string, format: "csv" | "parquet") =>
    api.exportUrl(drone, {
      channel,
      format,
      start: Math.floor(span.startMs),
      end: Math.ceil(span.endMs),
      fields: chosen.filter((field) => field.channel === channel).map(({ field }) => field),
    });
  return channels.map((channel) => (
    <span className="plots-export" key={channel}>
      {channel}:{" "}
      <a href={url(channel, "csv")} download aria-label={`Download ${channel} as CSV`}>
        CSV
      </a>{" "}
      <a href={url(channel, "parquet")} download aria-label={`Download ${channel} as Parquet`}>
        Parquet
      </a>
    </span>
  ));
}

function Problem({ words, again }: { words: string; again: () => void }) {
  return (
    <p className="plots-problem" role="alert">
      {words}{" "}
      <button type="button" className="button" onClick={again}>
        Try again
      </button>
    </p>
  );
}

function firstFields(fields: readonly PlotField[]): readonly PlotField[] {
  for (const preset of PRESETS) {
    const found = fieldsOfPreset(preset, fields);
    if (found.length > 0) return found;
  }
  return fields.slice(0, 1);
}

function sameFields(a: readonly PlotField[], b: readonly PlotField[]): boolean {
  return a.length === b.length && a.every(({ key }, index) => key === b[index]?.key);
}
