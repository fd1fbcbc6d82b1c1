/** What is under the pointer, searched on the screen. */

/** Half of the 44 px that a finger needs. */
export const TOUCH_RADIUS_PX = 22;

export interface OnScreen {
  screenX: number;
  screenY: number;
}

/** The item nearest to a point, within reach; of equal ones the last, which is drawn on top. */
export function nearest<Item extends OnScreen>(
  items: Iterable<Item>,
  x: number,
  y: number,
  reach = TOUCH_RADIUS_PX,
): Item | undefined {
  let found: Item | undefined;
  let least = reach * reach;
  for (const item of items) {
    const dx = item.screenX - x;
    const dy = item.screenY - y;
    const squared = dx * dx + dy * dy;
    if (squared <= least) {
      least = squared;
      found = item;
    }
  }
  return found;
}

/** Items within a box given by any two opposite corners. */
export function within<Item extends OnScreen>(
  items: Iterable<Item>,
  from: { x: number; y: number },
  to: { x: number; y: number },
): Item[] {
  const left = Math.min(from.x, to.x);
  const right = Math.max(from.x, to.x);
  const top = Math.min(from.y, to.y);
  const bottom = Math.max(from.y, to.y);
  const found: Item[] = [];
  for (const item of items) {
    if (item.screenX < left || item.screenX > right) continue;
    if (item.screenY < top || item.screenY > bottom) continue;
    found.push(item);
  }
  return found;
}
