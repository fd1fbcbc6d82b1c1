/** The metric grid near the ground, the graticule from afar. */

import type { Edges } from "../../state/insets";
import {
  degreesText,
  graticuleStep,
  gridLevels,
  labelledMetres,
  linesWithin,
  offsetText,
} from "../grid";
import { latitude, longitude, mercatorX, mercatorY, type Screen, unitsPerMetre } from "../mercator";
import { cssColour, type Palette, packed } from "../palette";
import type { Drawing } from "./overlay";

const MOST_LATITUDE = 85;
/** Squares of this many metres must fill so many pixels for the plane grid to be drawn. */
const GRID_FROM_PIXELS_PER_METRE = 0.004;
const GRID_OPACITY = 0.5;
const LABEL_MARGIN_PX = 6;

/** Where the grid's lines start: the home of the selected drone, or just a place nearby. */
export interface GridOrigin {
  lon: number;
  lat: number;
  /** Distances from it mean something, so they are written at the edges. */
  labelled: boolean;
}

interface Context {
  screen: Screen;
  drawing: Drawing;
  palette: Palette;
  insets: Edges;
}

export function drawGrid(context: Context, origin: GridOrigin): void {
  const { screen } = context;
  if (screen.pixelsPerMetre >= GRID_FROM_PIXELS_PER_METRE) drawMetricGrid(context, origin);
  else drawGraticule(context);
}

function drawMetricGrid(context: Context, origin: GridOrigin): void {
  const { screen, drawing, palette } = context;
  const unit = unitsPerMetre(origin.lat);
  const extent = screen.extent();
  const middle = (extent.west + extent.east) / 2;
  const x = mercatorX(origin.lon) + Math.round(middle - mercatorX(origin.lon));
  const y = mercatorY(origin.lat);
  const levels = gridLevels(screen.pixelsPerMetre);
  for (const [index, level] of levels.entries()) {
    const step = level.metres * unit;
    const coarser = levels[index + 1] !== undefined;
    const colour = packed(palette.grid, GRID_OPACITY * level.strength);
    const isCoarser = (line: number) => coarser && Math.round(line / step) % 10 === 0;
    for (const line of linesWithin(extent.west - x, extent.east - x, step)) {
      if (!isCoarser(line))
        addLine(context, x + line, extent.north, x + line, extent.south, colour);
    }
    for (const line of linesWithin(extent.north - y, extent.south - y, step)) {
      if (!isCoarser(line)) addLine(context, extent.west, y + line, extent.east, y + line, colour);
    }
  }
  const metres = labelledMetres(screen.pixelsPerMetre);
  if (!origin.labelled || metres === undefined || screen.bearing !== 0) return;
  startLabels(drawing.text, palette);
  const step = metres * unit;
  for (const line of linesWithin(extent.west - x, extent.east - x, step)) {
    labelColumn(context, x + line, offsetText(Math.round(line / step) * metres, "E", "W"));
  }
  for (const line of linesWithin(extent.north - y, extent.south - y, step)) {
    labelRow(context, y + line, offsetText(Math.round(line / step) * metres, "S", "N"));
  }
}

function drawGraticule(context: Context): void {
  const { screen, drawing, palette } = context;
  const step = graticuleStep(screen.scale / 360);
  const extent = screen.extent();
  const north = Math.min(latitude(Math.max(extent.north, 0)), MOST_LATITUDE);
  const south = Math.max(latitude(Math.min(extent.south, 1)), -MOST_LATITUDE);
  const meridians = linesWithin(longitude(extent.west), longitude(extent.east), step);
  const parallels = linesWithin(south, north, step);
  const colour = packed(palette.grid, GRID_OPACITY / 2);
  for (const lon of meridians) {
    addLine(context, mercatorX(lon), mercatorY(north), mercatorX(lon), mercatorY(south), colour);
  }
  for (const lat of parallels) {
    addLine(context, extent.west, mercatorY(lat), extent.east, mercatorY(lat), colour);
  }
  if (screen.bearing !== 0) return;
  startLabels(drawing.text, palette);
  for (const lon of meridians) {
    const wrapped = ((((lon + 180) % 360) + 360) % 360) - 180;
    labelColumn(context, mercatorX(lon), degreesText(wrapped, "E", "W"));
  }
  for (const lat of parallels) labelRow(context, mercatorY(lat), degreesText(lat, "N", "S"));
}

function addLine(
  { screen, drawing }: Context,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  colour: number,
): void {
  drawing.segments.add(
    screen.planeX(x0, y0),
    screen.planeY(x0, y0),
    screen.planeX(x1, y1),
    screen.planeY(x1, y1),
    1,
    colour,
  );
}

function startLabels(text: CanvasRenderingContext2D, palette: Palette): void {
  text.font = "11px system-ui, sans-serif";
  text.lineWidth = 3;
  text.lineJoin = "round";
  text.strokeStyle = cssColour(palette.ground, 0.8);
  text.fillStyle = cssColour(palette.faint);
}

function labelColumn({ screen, drawing, insets }: Context, x: number, label: string): void {
  const at = screen.planeX(x, 0.5);
  if (at < insets.left + 40 || at > screen.width - insets.right - 60) return;
  const { text } = drawing;
  text.textAlign = "center";
  text.textBaseline = "top";
  const top = insets.top + LABEL_MARGIN_PX;
  text.strokeText(label, at, top);
  text.fillText(label, at, top);
}

function labelRow({ screen, drawing, insets }: Context, y: number, label: string): void {
  const at = screen.planeY(0.5, y);
  if (at < insets.top + 30 || at > screen.height - insets.bottom - 40) return;
  const { text } = drawing;
  text.textAlign = "left";
  text.textBaseline = "middle";
  const left = insets.left + LABEL_MARGIN_PX;
  text.strokeText(label, left, at);
  text.fillText(label, left, at);
}
