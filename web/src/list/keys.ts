/** Keys of the list: arrows, Page, Home and End move the selection, Enter opens its panel. */

import type { KeyboardEvent } from "react";

const PAGE = 10;

/** The place that a key leads to from `index` among `count` rows; undefined: not such a key. */
export function keyTarget(key: string, index: number, count: number): number | undefined {
  if (count === 0) return undefined;
  const last = count - 1;
  switch (key) {
    case "ArrowDown":
      return Math.min(index + 1, last);
    case "ArrowUp":
      return index < 0 ? last : Math.max(index - 1, 0);
    case "PageDown":
      return Math.min(Math.max(index, 0) + PAGE, last);
    case "PageUp":
      return Math.max(index - PAGE, 0);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return undefined;
  }
}

/** Handler of `keydown` for a list of these ids. */
export function listKeys(
  ids: readonly string[],
  current: string | undefined,
  { select, open }: { select: (id: string) => void; open: (id: string | undefined) => void },
): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      open(current);
      return;
    }
    const index = current === undefined ? -1 : ids.indexOf(current);
    const target = keyTarget(event.key, index, ids.length);
    const id = target === undefined ? undefined : ids[target];
    if (id === undefined) return;
    event.preventDefault();
    select(id);
  };
}
