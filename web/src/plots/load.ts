/** Reads what a plot shows: every sample where there is room for it, else buckets with a band. */

import type { Api } from "../api";
import type { PlotField } from "./fields";
import { everyFor, type Span } from "./range";
import { bucketTrace, gapLengthMs, sampleTrace, type Trace } from "./trace";

/** From this many milliseconds a pixel on, asking for every sample first is not worth it. */
const RAW_UP_TO_MS_PER_PX = 5000;
const POINTS_PER_PX = 2;

export interface LoadQuery {
  drone: string;
  fields: readonly PlotField[];
  span: Span;
  widthPx: number;
  staleAfterS: (channel: string) => number;
}

/** One trace for each field, in their order. */
export async function loadTraces(
  api: Pick<Api, "getTelemetry" | "getTelemetryEvery">,
  query: LoadQuery,
  signal: AbortSignal,
): Promise<Trace[]> {
  const series = new Map<string, PlotField[]>();
  for (const field of query.fields) {
    const key = `${field.channel}/${field.component}/${field.instance}`;
    series.set(key, [...(series.get(key) ?? []), field]);
  }
  const loaded = await Promise.all(
    [...series.values()].map((fields) => loadSeries(api, query, fields, signal)),
  );
  const traces = loaded.flat();
  return query.fields
    .map((field) => traces.find((trace) => trace.field === field))
    .filter((trace) => trace !== undefined);
}

async function loadSeries(
  api: Pick<Api, "getTelemetry" | "getTelemetryEvery">,
  { drone, span, widthPx, staleAfterS }: LoadQuery,
  fields: readonly PlotField[],
  signal: AbortSignal,
): Promise<Trace[]> {
  const [first] = fields;
  if (first === undefined) return [];
  const question = {
    channel: first.channel,
    component: first.component,
    instance: first.instance,
    fields: fields.map(({ field }) => field),
    start: Math.floor(span.startMs),
    // A range's end is not part of it, a plot's is.
    end: Math.floor(span.endMs) + 1,
  };
  const staleS = staleAfterS(first.channel);
  const most = Math.max(POINTS_PER_PX * Math.floor(widthPx), 2);
  if ((span.endMs - span.startMs) / widthPx <= RAW_UP_TO_MS_PER_PX) {
    const answer = await api.getTelemetry(drone, { ...question, limit: most }, signal);
    if (!answer.truncated) {
      const gapMs = gapLengthMs(staleS, undefined);
      return fields.map((field) => sampleTrace(field, answer.series[0], gapMs));
    }
  }
  const every = everyFor(span, widthPx);
  // One bucket for each pixel, and the cut ones at both ends.
  const limit = Math.ceil(widthPx) + 2;
  const answer = await api.getTelemetryEvery(drone, every.text, { ...question, limit }, signal);
  const gapMs = gapLengthMs(staleS, every.lengthMs);
  return fields.map((field) => bucketTrace(field, answer.series[0], gapMs, every.lengthMs));
}
