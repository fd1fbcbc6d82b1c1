/** The fleet itself: trails, homes, rings, clusters, icons and names. */

import { shortened } from "../../format";
import { ageText } from "../../live/age";
import { type Cluster, discRadius } from "../clusters";
import { cellOf } from "../icons";
import type { Mark } from "../marks";
import type { Screen } from "../mercator";
import { ringMetres } from "../motion";
import { type Colour, cssColour, type Palette, packed } from "../palette";
import type { Trail } from "../trails";
import { ICON_PX } from "./atlas";
import type { Drawing } from "./overlay";

const BADGE_PX = 13;
const SELECTION_RADIUS_PX = 19;
const TRAIL_PX = 2.5;
export const DIMMED = 0.55;
const GONE = 0.4;
const RING_DASH_PX = 9;
const LABEL_FONT = "12px system-ui, sans-serif";
const BADGES = { warning: cellOf("warning"), critical: cellOf("critical"), lost: cellOf("lost") };
const HOME = cellOf("home");

/** What all of these draw with. `opacity` is below 1 while a past flight is looked at. */
export interface Brush {
  screen: Screen;
  drawing: Drawing;
  palette: Palette;
  opacity: number;
}

export function drawTrail(
  { screen, drawing, palette, opacity }: Brush,
  mark: Mark,
  trail: Trail,
): void {
  const colour = mark.selected ? palette.selected : palette.trail;
  const strength = opacity * (mark.selected ? 0.9 : 0.6);
  const { segments } = drawing;
  const width = mark.selected ? TRAIL_PX : TRAIL_PX - 1;
  // A point is kept each second or so; the icon is already beyond the last one.
  const head = mark.fresh === "gone" ? undefined : mark;
  trail.forEachPiece({ screen, leastPx: 3, head }, (x0, y0, x1, y1, older, newer) => {
    segments.add(
      x0,
      y0,
      x1,
      y1,
      width,
      packed(colour, strength * (1 - older)),
      packed(colour, strength * (1 - newer)),
    );
  });
}

export function drawHome({ screen, drawing, palette, opacity }: Brush, x: number, y: number): void {
  const { icons } = drawing;
  const fill = packed(palette.normal);
  const halo = packed(palette.halo, opacity);
  icons.add(screen.toX(x, y), screen.toY(x, y), 18, 0, HOME, fill, packed(palette.halo), halo);
}

const LARGE_RING_PX = 300;

/** Where a drone may be that has not been heard for too long. */
export function drawRing({ screen, drawing, palette, opacity }: Brush, mark: Mark): void {
  const radius = ringMetres(mark.ageMs, mark.speed) * screen.pixelsPerMetre;
  if (radius < SELECTION_RADIUS_PX) return;
  const colour = toneColour(mark, palette);
  drawing.discs.add(
    screen.toX(mark.x, mark.y),
    screen.toY(mark.x, mark.y),
    radius,
    1.5,
    // Filled, a ring as large as the screen would tint the whole map.
    packed(colour, radius > LARGE_RING_PX ? 0 : 0.05 * opacity),
    packed(colour, 0.8 * opacity),
    Math.max(Math.round((2 * Math.PI * radius) / RING_DASH_PX), 12),
  );
}

export function drawCluster(brush: Brush, cluster: Cluster<Mark>): void {
  const { screen, drawing, palette, opacity } = brush;
  const x = screen.toX(cluster.x, cluster.y);
  const y = screen.toY(cluster.x, cluster.y);
  const radius = discRadius(cluster.members.length);
  const { discs, icons, text } = drawing;
  const line =
    cluster.worst === 2 ? palette.critical : cluster.worst === 1 ? palette.warning : palette.normal;
  const stroke = cluster.worst === 0 ? 1.5 : 3;
  discs.add(x, y, radius, stroke, packed(palette.surface, opacity), packed(line, opacity));
  if (cluster.worst > 0) {
    const cell = cluster.worst === 2 ? BADGES.critical : BADGES.warning;
    addBadge(icons, x + radius * 0.75, y - radius * 0.75, cell, line, palette, opacity);
  }
  text.fillStyle = cssColour(palette.text, opacity);
  text.fillText(String(cluster.members.length), x, y + 0.5);
}

export function startClusterText(text: CanvasRenderingContext2D): void {
  text.font = `600 ${LABEL_FONT}`;
  text.textAlign = "center";
  text.textBaseline = "middle";
}

export function drawMark(brush: Brush, mark: Mark): void {
  const { screen, drawing, palette } = brush;
  const { discs, icons } = drawing;
  const { screenX, screenY } = mark;
  if (mark.selected) {
    discs.add(
      screenX,
      screenY,
      SELECTION_RADIUS_PX,
      2.5,
      packed(palette.selected, 0.12 * brush.opacity),
      packed(palette.selected, brush.opacity),
    );
  }
  const state = mark.condition?.state;
  const opacity = brush.opacity * opacityOf(mark);
  const colour = toneColour(mark, palette);
  const outline = packed(mark.armed ? palette.armed : palette.halo);
  icons.add(
    screenX,
    screenY,
    ICON_PX,
    mark.heading === undefined ? 0 : mark.shownHeading - (screen.bearing * Math.PI) / 180,
    mark.cell,
    packed(colour),
    outline,
    packed(palette.halo, opacity),
  );
  const badge = state === "lost" ? BADGES.lost : mark.rank === 2 ? BADGES.critical : BADGES.warning;
  if (mark.rank > 0)
    addBadge(icons, screenX + 11, screenY - 11, badge, colour, palette, brush.opacity);
}

function addBadge(
  icons: Drawing["icons"],
  x: number,
  y: number,
  cell: number,
  colour: Colour,
  palette: Palette,
  opacity: number,
): void {
  const halo = packed(palette.halo, opacity);
  icons.add(x, y, BADGE_PX, 0, cell, packed(colour), packed(palette.halo), halo);
}

function opacityOf(mark: Mark): number {
  if (mark.condition?.state === "offline") return GONE;
  return mark.fresh === "fresh" ? 1 : mark.fresh === "dimmed" ? DIMMED : GONE;
}

function toneColour(mark: Mark, palette: Palette): Colour {
  return mark.rank === 2 ? palette.critical : mark.rank === 1 ? palette.warning : palette.normal;
}

/** What is written next to an icon: its name, its height, and its age once that matters. */
export function labelOf(mark: Mark): string {
  // Of one that was busy when it was last heard, the age says more than the reason.
  const name = shortened(mark.id);
  if (mark.condition?.state === "offline" && !mark.isMissing) return `${name}  offline`;
  const age = Number.isFinite(mark.ageMs) ? ageText(mark.ageMs, mark.fresh) : "";
  if (mark.fresh === "gone") return age === "" ? name : `${name}  ${age}`;
  const height = mark.altitude === undefined ? "" : `  ${Math.round(mark.altitude)} m`;
  return age === "" ? `${name}${height}` : `${name}${height}  ${age} old`;
}

export function startLabels(
  text: CanvasRenderingContext2D,
  palette: Palette,
  opacity: number,
): void {
  text.font = LABEL_FONT;
  text.textAlign = "left";
  text.textBaseline = "middle";
  text.lineJoin = "round";
  text.lineWidth = 3;
  text.strokeStyle = cssColour(palette.halo, 0.85 * opacity);
}

export function drawLabels({ drawing, palette, opacity }: Brush, marks: readonly Mark[]): void {
  const { text } = drawing;
  startLabels(text, palette, opacity);
  const normal = cssColour(palette.text, opacity);
  const faint = cssColour(palette.faint, opacity * 0.8);
  for (const mark of marks) {
    if (!mark.visible || mark.clustered) continue;
    const right = mark.labelSide === "right";
    const x = mark.screenX + (right ? mark.labelGap : -mark.labelGap);
    text.textAlign = right ? "left" : "right";
    text.strokeText(mark.labelText, x, mark.screenY);
    text.fillStyle = mark.fresh === "fresh" || mark.rank > 0 ? normal : faint;
    text.fillText(mark.labelText, x, mark.screenY);
  }
}
