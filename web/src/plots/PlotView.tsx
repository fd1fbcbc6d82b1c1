import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { numberText } from "../format";
import { stretchText, touches } from "../history/arriving";
import { momentText, type Zone } from "../history/times";
import { Chart } from "./chart";
import { decimalsOf } from "./look";
import type { Span } from "./range";
import { extent, lastReading, type Trace } from "./trace";

/** Arrow keys move the cursor by this part of the plot. */
const STEP = 1 / 200;
const LONG_STEP = 1 / 20;
const ZOOM = 2;

export interface PlotViewProps {
  traces: readonly Trace[];
  /** Grows when the same traces grew. */
  revision: number;
  span: Span;
  zone: Zone;
  arriving: readonly Span[];
  missing: readonly Span[];
  momentMs: number | undefined;
  cursorMs: number | undefined;
  height: number;
  onWidth: (widthPx: number) => void;
  onCursor: (momentMs: number | undefined) => void;
  onZoom: (span: Span) => void;
  onZoomOut: () => void;
  onPick: (momentMs: number) => void;
}

/** The drawing, with keys: arrows move the cursor, + and − zoom, Enter picks, Escape goes back. */
export function PlotView(props: PlotViewProps) {
  const { traces, revision, span, zone, arriving, missing, momentMs, cursorMs, height } = props;
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [sizes, setSizes] = useState(0);
  const theme = useTheme();

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new Chart(element, {
      onZoom: (zoomed) => latest.current.onZoom(zoomed),
      onCursor: (moment) => latest.current.onCursor(moment),
      onPick: (moment) => latest.current.onPick(moment),
    });
    chart.current = made;
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width === 0) return;
      made.resize(width, latest.current.height);
      latest.current.onWidth(width);
      setSizes((count) => count + 1);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.close();
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: revision, theme and sizes draw again
  useEffect(() => {
    const width = place.current?.clientWidth ?? 0;
    if (width > 0) chart.current?.resize(width, height);
    chart.current?.draw({ traces, span, zone, arriving, missing, momentMs });
  }, [traces, revision, span, zone, arriving, missing, momentMs, theme, sizes, height]);

  const onKeyDown = (event: KeyboardEvent) => {
    const length = span.endMs - span.startMs;
    const at = cursorMs ?? momentMs ?? span.endMs;
    const step = length * (event.shiftKey ? LONG_STEP : STEP);
    const cursors: Record<string, number> = {
      ArrowLeft: at - step,
      ArrowRight: at + step,
      Home: span.startMs,
      End: span.endMs,
    };
    const cursor = cursors[event.key];
    if (cursor !== undefined) {
      chart.current?.setCursor(cursor);
      props.onCursor(Math.min(Math.max(cursor, span.startMs), span.endMs));
    } else if (event.key === "+" || event.key === "=") {
      const half = length / ZOOM / 2;
      props.onZoom({ startMs: at - half, endMs: at + half });
    } else if (event.key === "-" || event.key === "Escape") props.onZoomOut();
    else if (event.key === "Enter") props.onPick(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      role="application"
      className="plot"
      ref={place}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes keys
      tabIndex={0}
      style={{ height }}
      aria-label={describe(props)}
      onKeyDown={onKeyDown}
      onBlur={() => props.onCursor(undefined)}
    />
  );
}

function describe({ traces, span, zone, arriving, missing }: PlotViewProps): string {
  const { startMs, endMs } = span;
  const values = traces.map((trace) => {
    const last = lastReading(trace);
    const reached = extent(trace, startMs, endMs);
    const { label, unit } = trace.field;
    if (last === undefined || reached === undefined) return `${label}: no values`;
    const decimals = decimalsOf(reached.low, reached.high);
    const text = (value: number) => numberText(value, decimals);
    return `${label} ${text(last.value)} ${unit}, from ${text(reached.low)} to ${text(reached.high)}`;
  });
  const from = `Plot from ${momentText(startMs, zone)} to ${momentText(endMs, zone)}`;
  const stretches = (words: string, found: readonly Span[]) =>
    found
      .filter((stretch) => touches(stretch, span))
      .map((stretch) => `${words} ${stretchText(stretch, zone)}`);
  const holes = [...stretches("Still arriving", arriving), ...stretches("Given up", missing)];
  return `${[from, ...values, ...holes].join(". ")}. Arrows move the cursor, plus and minus zoom.`;
}

/** The colours of a canvas do not follow the theme by themselves. */
function useTheme(): string | undefined {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme);
  useEffect(() => {
    const observer = new MutationObserver(() => setTheme(document.documentElement.dataset.theme));
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => observer.disconnect();
  }, []);
  return theme;
}
