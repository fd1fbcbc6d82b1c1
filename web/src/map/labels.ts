/** Which names fit next to their icons, and on which side. */

export type Side = "right" | "left";

export interface Labelled {
  screenX: number;
  screenY: number;
  /** Width of the text in pixels. */
  labelWidth: number;
  /** Pixels from its place to its text. */
  labelGap: number;
  /** Where it is written; left where there is no room to the right. */
  labelSide: Side;
  /** Larger goes first. */
  labelPriority: number;
  /** Drawn whether it fits or not. */
  labelAlways: boolean;
}

export const LABEL_HEIGHT_PX = 16;
const MOST_LABELS = 150;
const SIDES: readonly Side[] = ["right", "left"];
const RETURN_PX = 6;
const BUCKET_PX = 64;

/** A part of the screen, pixels. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Something round that a label must not cover: an icon, a cluster. */
export interface Obstacle {
  screenX: number;
  screenY: number;
  radius: number;
}

export interface Room {
  obstacles?: Iterable<Obstacle>;
  /** What lies over the map in places: its buttons, its scale. */
  covered?: readonly Box[];
  /** What no panel covers; without it labels may be anywhere. */
  area?: Box;
}

/**
 * Choose labels that cover neither each other nor an obstacle and are covered by nothing, each to the
 * right of its place or else to the left; some are written whatever they cover.
 */
export function chooseLabels<Item extends Labelled>(
  items: readonly Item[],
  { obstacles = [], covered = [], area }: Room = {},
): Item[] {
  const taken = new Map<number, Box[]>();
  for (const { screenX, screenY, radius } of obstacles) {
    take(taken, {
      left: screenX - radius,
      right: screenX + radius,
      top: screenY - radius,
      bottom: screenY + radius,
    });
  }
  for (const box of covered) take(taken, box);
  const isSeen = (box: Box) =>
    (area === undefined || isWithin(box, area)) && !covered.some((each) => overlap(each, box));
  const ordered = [...items].sort((a, b) => b.labelPriority - a.labelPriority);
  const chosen: Item[] = [];
  for (const item of ordered) {
    if (chosen.length >= MOST_LABELS && !item.labelAlways) break;
    const isFree = (side: Side) => {
      const box = boxOf(item, side);
      // Back to the right only with room to spare, or it would jump to and fro.
      const room = side === item.labelSide ? box : grown(box, RETURN_PX);
      return isSeen(box) && !isTaken(taken, room);
    };
    const fitting =
      SIDES.find(isFree) ??
      (item.labelAlways ? (SIDES.find((side) => isSeen(boxOf(item, side))) ?? "right") : undefined);
    if (fitting === undefined) continue;
    item.labelSide = fitting;
    take(taken, boxOf(item, fitting));
    chosen.push(item);
  }
  return chosen;
}

function boxOf({ screenX, screenY, labelWidth, labelGap }: Labelled, side: Side): Box {
  const left = side === "right" ? screenX + labelGap : screenX - labelGap - labelWidth;
  const top = screenY - LABEL_HEIGHT_PX / 2;
  return { left, right: left + labelWidth, top, bottom: top + LABEL_HEIGHT_PX };
}

function grown({ left, right, top, bottom }: Box, by: number): Box {
  return { left: left - by, right: right + by, top: top - by, bottom: bottom + by };
}

function isWithin(box: Box, area: Box): boolean {
  return (
    box.left >= area.left &&
    box.right <= area.right &&
    box.top >= area.top &&
    box.bottom <= area.bottom
  );
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;
}

function* buckets(box: Box): Generator<number> {
  for (let row = Math.floor(box.top / BUCKET_PX); row <= box.bottom / BUCKET_PX; row += 1) {
    for (
      let column = Math.floor(box.left / BUCKET_PX);
      column <= box.right / BUCKET_PX;
      column += 1
    ) {
      yield row * 10_000 + column;
    }
  }
}

function isTaken(taken: Map<number, Box[]>, box: Box): boolean {
  for (const bucket of buckets(box)) {
    if (taken.get(bucket)?.some((other) => overlap(other, box))) return true;
  }
  return false;
}

function take(taken: Map<number, Box[]>, box: Box): void {
  for (const bucket of buckets(box)) {
    const boxes = taken.get(bucket);
    if (boxes === undefined) taken.set(bucket, [box]);
    else boxes.push(box);
  }
}
