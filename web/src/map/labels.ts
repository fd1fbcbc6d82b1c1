/** Which names fit next to their icons. */

export interface Labelled {
  screenX: number;
  screenY: number;
  /** Width of the text in pixels. */
  labelWidth: number;
  /** Larger goes first. */
  labelPriority: number;
  /** Drawn whether it fits or not. */
  labelAlways: boolean;
}

export const LABEL_HEIGHT_PX = 16;
export const LABEL_GAP_PX = 16;
const MOST_LABELS = 150;
const BUCKET_PX = 64;

interface Box {
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

/** Choose labels that cover neither each other nor an obstacle; some are written whatever they cover. */
export function chooseLabels<Item extends Labelled>(
  items: readonly Item[],
  obstacles: Iterable<Obstacle> = [],
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
  const ordered = [...items].sort((a, b) => b.labelPriority - a.labelPriority);
  const chosen: Item[] = [];
  for (const item of ordered) {
    if (chosen.length >= MOST_LABELS && !item.labelAlways) break;
    const box = boxOf(item);
    if (!item.labelAlways && isTaken(taken, box)) continue;
    take(taken, box);
    chosen.push(item);
  }
  return chosen;
}

function boxOf(item: Labelled): Box {
  const left = item.screenX + LABEL_GAP_PX;
  const top = item.screenY - LABEL_HEIGHT_PX / 2;
  return { left, right: left + item.labelWidth, top, bottom: top + LABEL_HEIGHT_PX };
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
    for (const other of taken.get(bucket) ?? []) {
      if (box.left >= other.right || box.right <= other.left) continue;
      if (box.top < other.bottom && box.bottom > other.top) return true;
    }
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
