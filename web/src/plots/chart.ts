/** The drawing itself: uPlot with gaps, bands, the moment of the past and what is still arriving. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { dayText, timeText, type Zone } from "../history/times";
import { unitsOf } from "./fields";
import { decimalsFor, lookOf } from "./look";
import type { Span } from "./range";
import type { Trace } from "./trace";

const AXIS_FONT_PX = 12;
/** Room for a time and the pause after it. */
const TIME_LABEL_PX = 72;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Steps of the time axis. */
const STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => 1000 * seconds),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => MINUTE_MS * minutes),
  ...[1, 2, 3, 6, 12].map((hours) => HOUR_MS * hours),
  ...[1, 2, 7, 14, 28, 91, 182, 364, 728, 1820, 3640].map((days) => DAY_MS * days),
];
/** The least that counts as a drag, pixels. */
const LEAST_DRAG = 4;

export interface ChartEvents {
  /** Dragged over a stretch. */
  onZoom: (span: Span) => void;
  /** The moment below the pointer; undefined: it left. */
  onCursor: (momentMs: number | undefined) => void;
  /** Clicked at a moment. */
  onPick: (momentMs: number) => void;
}

export interface Drawing {
  traces: readonly Trace[];
  span: Span;
  zone: Zone;
  /** Stretches of history that are still to come. */
  arriving: readonly Span[];
  /** Stretches of which something was given up. */
  missing: readonly Span[];
  /** The moment of the past that the page shows; undefined: none, or not of this drone. */
  momentMs: number | undefined;
}

export class Chart {
  private plot: uPlot | undefined;
  private drawing: Drawing | undefined;
  private structure = "";
  private width = 0;
  private height = 0;

  constructor(
    private readonly place: HTMLElement,
    private readonly events: ChartEvents,
  ) {}

  resize(width: number, height: number): void {
    if (width === this.width && height === this.height) return;
    this.width = width;
    this.height = height;
    this.plot?.setSize({ width, height });
  }

  /** Draw; only what changed in kind (fields, bands, colours) builds the plot anew. */
  draw(drawing: Drawing): void {
    this.drawing = drawing;
    if (this.width === 0) return;
    const structure = JSON.stringify([
      drawing.traces.map(({ field, band }) => [field.key, band !== undefined]),
      document.documentElement.dataset.theme,
      drawing.zone,
    ]);
    const data = tableOf(drawing.traces);
    if (this.plot !== undefined && structure === this.structure) {
      this.plot.setData(data);
      return;
    }
    this.structure = structure;
    this.plot?.destroy();
    this.plot = new uPlot(this.options(drawing), data, this.place);
  }

  /** Put the cursor on a moment, as keys do; undefined takes it away. */
  setCursor(momentMs: number | undefined): void {
    const left = momentMs === undefined ? -10 : (this.plot?.valToPos(momentMs, "x") ?? -10);
    this.plot?.setCursor({ left, top: momentMs === undefined ? -10 : 0 }, false);
  }

  /** The moment of the past moved. */
  redraw(): void {
    this.plot?.redraw(false, false);
  }

  close(): void {
    this.plot?.destroy();
    this.plot = undefined;
  }

  private options({ traces, zone }: Drawing): uPlot.Options {
    const style = getComputedStyle(document.documentElement);
    const token = (name: string) => style.getPropertyValue(name).trim();
    const units = unitsOf(traces.map(({ field }) => field));
    const font = `${AXIS_FONT_PX}px ${token("--font") || "sans-serif"}`;
    const scaleOf = (unit: string) => `y${units.indexOf(unit)}`;
    const series: uPlot.Series[] = [{}];
    const bands: uPlot.Band[] = [];
    traces.forEach((trace, index) => {
      const look = lookOf(index);
      const stroke = token(look.colour);
      const scale = scaleOf(trace.field.unit);
      series.push({
        scale,
        stroke,
        width: 1.5,
        dash: look.dash,
        // A state or a count does not pass through what lies between.
        ...(trace.field.unit === "" && uPlot.paths.stepped
          ? { paths: uPlot.paths.stepped({ align: 1 }) }
          : {}),
        points: { size: 4, stroke, fill: stroke },
      });
      if (trace.band === undefined) return;
      // The edges are drawn as lines too: a spike one pixel wide stays visible.
      const edge: uPlot.Series = { scale, stroke, width: 1, alpha: 0.45, points: { show: false } };
      series.push(edge, edge);
      bands.push({ series: [series.length - 2, series.length - 1], fill: faint(stroke) });
    });
    const axis = {
      stroke: token("--text-secondary"),
      font,
      grid: { stroke: token("--line"), width: 1 },
      ticks: { stroke: token("--line"), width: 1, size: 4 },
    };
    return {
      width: this.width,
      height: this.height,
      ms: 1,
      tzDate: (ms) => (zone === "utc" ? uPlot.tzDate(new Date(ms), "Etc/UTC") : new Date(ms)),
      legend: { show: false },
      scales: {
        x: { range: () => [this.drawing?.span.startMs ?? 0, this.drawing?.span.endMs ?? 1] },
        ...Object.fromEntries(units.map((unit) => [scaleOf(unit), { range: rangeOf }])),
      },
      axes: [
        {
          ...axis,
          space: TIME_LABEL_PX,
          incrs: STEPS_MS,
          values: (_, splits, __, ___, step) => timeLabels(splits, step, zone),
        },
        ...units.map(
          (unit, index): uPlot.Axis => ({
            ...axis,
            scale: scaleOf(unit),
            side: index === 0 ? 3 : 1,
            label: unit || "count, state",
            labelFont: font,
            labelSize: 18,
            grid: { show: index === 0, ...axis.grid },
            gap: 4,
            size: (_, labels) =>
              16 + 7 * Math.max(2, ...(labels ?? []).map(({ length }) => length)),
            values: (_, splits, __, ___, step) =>
              splits.map((value) => value.toFixed(decimalsFor(step)).replace("-", "−")),
          }),
        ),
      ],
      series,
      bands,
      cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
      hooks: {
        drawClear: [
          (plot) => {
            const look = { colour: token("--text-muted"), font };
            for (const span of this.drawing?.missing ?? []) {
              hatch(plot, span, { ...look, words: "given up", rising: false });
            }
            for (const span of this.drawing?.arriving ?? []) {
              hatch(plot, span, { ...look, words: "still arriving", rising: true });
            }
          },
        ],
        draw: [(plot) => this.markMoment(plot, token("--selection"))],
        setCursor: [
          (plot) => {
            const { left } = plot.cursor;
            const inside = left !== undefined && left !== null && left >= 0;
            this.events.onCursor(inside ? plot.posToVal(left, "x") : undefined);
          },
        ],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < LEAST_DRAG) return;
            const startMs = plot.posToVal(left, "x");
            const endMs = plot.posToVal(left + width, "x");
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            this.events.onZoom({ startMs, endMs });
          },
        ],
        ready: [
          (plot) => {
            let downX = 0;
            plot.over.addEventListener("pointerdown", (event) => {
              downX = event.clientX;
            });
            plot.over.addEventListener("click", (event) => {
              if (Math.abs(event.clientX - downX) >= LEAST_DRAG) return;
              const { left } = plot.over.getBoundingClientRect();
              this.events.onPick(plot.posToVal(event.clientX - left, "x"));
            });
          },
        ],
      },
    };
  }

  private markMoment(plot: uPlot, colour: string): void {
    const momentMs = this.drawing?.momentMs;
    const span = this.drawing?.span;
    if (momentMs === undefined || span === undefined) return;
    if (momentMs < span.startMs || momentMs > span.endMs) return;
    const { ctx, bbox } = plot;
    const x = Math.round(plot.valToPos(momentMs, "x", true));
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }
}

interface Hatching {
  words: string;
  /** The lines' slope: the two kinds of holes differ without colour too. */
  rising: boolean;
  colour: string;
  font: string;
}

/** Cover a stretch with lines; its words stand there where they fit. */
function hatch(plot: uPlot, { startMs, endMs }: Span, look: Hatching): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const left = Math.max(plot.valToPos(startMs, "x", true), bbox.left);
  const right = Math.min(plot.valToPos(endMs, "x", true), bbox.left + bbox.width);
  if (right < left) return;
  const width = Math.max(right - left, 2 * ratio);
  const [low, high] = [bbox.top + bbox.height, bbox.top];
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, width, bbox.height);
  ctx.clip();
  ctx.beginPath();
  for (let x = left - bbox.height; x < left + width; x += 10 * ratio) {
    ctx.moveTo(x, look.rising ? low : high);
    ctx.lineTo(x + bbox.height, look.rising ? high : low);
  }
  ctx.setLineDash([]);
  ctx.strokeStyle = faint(look.colour);
  ctx.lineWidth = 2 * ratio;
  ctx.stroke();
  ctx.fillStyle = look.colour;
  ctx.font = look.font.replace(`${AXIS_FONT_PX}px`, `${AXIS_FONT_PX * ratio}px`);
  ctx.textBaseline = "top";
  if (ctx.measureText(look.words).width + 8 * ratio <= width) {
    ctx.fillText(look.words, left + 4 * ratio, bbox.top + 4 * ratio);
  }
  ctx.restore();
}

/** All traces over the times of any of them. */
function tableOf(traces: readonly Trace[]): uPlot.AlignedData {
  if (traces.length === 0) return [[]];
  const tables = traces.map(
    ({ timesMs, values, band }): uPlot.AlignedData =>
      // The uppermost edge comes first, as uPlot's bands want it.
      band ? [timesMs, values, band.high, band.low] : [timesMs, values],
  );
  // 2: a gap stays one where other traces have samples within it.
  return uPlot.join(
    tables,
    tables.map((table) => table.map(() => 2)),
  );
}

/** Room above and below; a value that does not move is drawn in the middle, not as noise. */
function rangeOf(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  if (low === high) return [low - (Math.abs(low) * 0.1 || 1), high + (Math.abs(high) * 0.1 || 1)];
  return uPlot.rangeNum(low, high, 0.1, true);
}

function timeLabels(splits: number[], stepMs: number, zone: Zone): string[] {
  let day = "";
  return splits.map((timeMs) => {
    const today = dayText(timeMs, zone);
    if (stepMs >= DAY_MS) return today.slice(5);
    const time = timeText(timeMs, zone, decimalsFor(stepMs / 1000));
    const label = stepMs >= MINUTE_MS ? time.slice(0, 5) : time;
    const first = today !== day;
    day = today;
    return first ? `${label}\n${today}` : label;
  });
}

function faint(colour: string): string {
  return `color-mix(in srgb, ${colour} 22%, transparent)`;
}
