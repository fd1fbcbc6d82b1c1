/** What a plot shows: read from the store, then continued with what is heard live. */

import { useCallback, useEffect, useRef, useState } from "react";
import { type Api, isAbort, sentenceOfError } from "../api";
import { arrived, touches } from "../history/arriving";
import type { Channels } from "../live/channels";
import type { Clock } from "../live/clock";
import type { Fleet } from "../live/fleet";
import { VALUES_MS } from "../live/hooks";
import type { PlotField } from "./fields";
import { loadTraces } from "./load";
import { rereadMs, type Span } from "./range";
import { continued, followLive, forgetBefore } from "./tail";
import type { Trace } from "./trace";

export interface PlotDataQuery {
  drone: string;
  fields: readonly PlotField[];
  /** A fixed stretch, or how long up to now. */
  window: Span | { lengthMs: number };
  widthPx: number;
  /** Stretches that are still to come; when they have come the plot is read again. */
  arriving: readonly Span[];
  api: Api;
  fleet: Fleet;
  channels: Channels;
  clock: Pick<Clock, "nowMs">;
}

export interface PlotData {
  traces: readonly Trace[];
  span: Span;
  loading: boolean;
  /** Why reading failed, as a sentence. */
  problem: string | undefined;
  again: () => void;
}

/** Traces are the same objects while they grow: `revision` tells that they did. */
export function usePlotData(query: PlotDataQuery): PlotData & { revision: number } {
  const { drone, fields, window, widthPx, arriving, api, fleet, channels, clock } = query;
  const following = "lengthMs" in window;
  const spanNow = (): Span =>
    "lengthMs" in window
      ? { startMs: clock.nowMs() - window.lengthMs, endMs: clock.nowMs() }
      : window;
  const [traces, setTraces] = useState<readonly Trace[]>([]);
  const [span, setSpan] = useState<Span>(spanNow);
  const [loading, setLoading] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [turn, setTurn] = useState(0);
  const [revision, setRevision] = useState(0);
  const shown = useRef<readonly Trace[]>([]);
  const again = useCallback(() => setTurn((count) => count + 1), []);
  const key = JSON.stringify([drone, fields.map((field) => field.key), window, widthPx]);
  const readKey = useRef("");

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the whole question
  useEffect(() => {
    if (fields.length === 0 || widthPx <= 0) {
      shown.current = [];
      setTraces([]);
      setSpan(spanNow());
      return;
    }
    const abort = new AbortController();
    const asked = spanNow();
    const staleAfterS = (channel: string) => channels.staleAfterS(channel);
    const same = readKey.current === key;
    setLoading(true);
    loadTraces(api, { drone, fields, span: asked, widthPx, staleAfterS }, abort.signal)
      .then((read) => {
        shown.current = same && following ? continued(read, shown.current) : read;
        readKey.current = key;
        setTraces(shown.current);
        setSpan(following ? spanNow() : asked);
        setProblem(undefined);
      })
      .catch((error: unknown) => {
        if (!isAbort(error)) setProblem(sentenceOfError(error));
      })
      .finally(() => {
        if (!abort.signal.aborted) setLoading(false);
      });
    return () => abort.abort();
  }, [key, turn]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the whole question
  useEffect(() => {
    if (!("lengthMs" in window)) return;
    const reread = setInterval(again, rereadMs(window.lengthMs));
    const follow = setInterval(() => {
      if (readKey.current !== key) return;
      const next = spanNow();
      followLive(shown.current, drone, fleet, next.startMs);
      forgetBefore(shown.current, next.startMs);
      setSpan(next);
      setRevision((count) => count + 1);
    }, VALUES_MS);
    return () => {
      clearInterval(reread);
      clearInterval(follow);
    };
  }, [key]);

  const waited = useRef(arriving);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what arrives is a reason to read
  useEffect(() => {
    const there = arrived(waited.current, arriving);
    waited.current = arriving;
    if (there.some((stretch) => touches(stretch, spanNow()))) again();
  }, [arriving]);

  return { traces, span, loading, problem, again, revision };
}
