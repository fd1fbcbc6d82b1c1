/** Keys that work on the whole page, as long as nobody writes. */

import { keyTarget } from "../list/keys";
import { nameRanks, orderedDrones } from "../list/order";
import type { Page } from "../page";

/** What the help shows. H, R and L stay free: hold, return and land will be on them. */
export const KEYS: readonly (readonly [string, string])[] = [
  ["/", "Search a drone"],
  ["↑ ↓", "Previous, next drone of the list"],
  ["Enter", "Open the panel of the drone found or selected"],
  ["Space", "Centre the map on the selection"],
  ["F", "Follow the selected drone"],
  ["A", "Show the whole fleet"],
  ["[", "Fold the list"],
  ["]", "Fold the panel"],
  ["M", "Fold the messages"],
  ["Esc", "Clear the selection, leave the search"],
  ["?", "This help"],
];

/** Listen to the page's keys. Returns how to stop. */
export function followKeys(page: Page, showHelp: () => void): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    // Many keyboards have [ and ] on AltGr, which some systems tell as Ctrl and Alt.
    const chord = event.ctrlKey || event.metaKey || event.altKey;
    if (chord && !event.getModifierState("AltGraph")) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest("dialog") !== null) return;
    if (event.key === "Escape") {
      leave(page, target);
      return;
    }
    if (target.matches("input, select, textarea, [contenteditable]")) return;
    // Space and arrows belong to a button, a tab, a slider or the map while these have the focus.
    const busy = target.matches(
      "button, a, summary, [role=tab], [role=slider], [tabindex], canvas",
    );
    if (act(page, event.key, busy && target.id !== "drone-list", showHelp)) event.preventDefault();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

function act(page: Page, key: string, busy: boolean, showHelp: () => void): boolean {
  const { camera, panels, selection } = page;
  switch (key) {
    case "/":
      panels.set("list", true);
      // The list may have to be drawn first.
      requestAnimationFrame(() => document.getElementById("drone-search")?.focus());
      return true;
    case "ArrowDown":
    case "ArrowUp": {
      const list = document.getElementById("drone-list");
      if (busy || document.activeElement === list) return false;
      if (list === null) return selectNext(page, key);
      list.focus();
      list.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      return true;
    }
    case " ":
      if (busy || selection.drones.length === 0) return false;
      camera.centre(selection.drones);
      return true;
    case "f":
    case "F":
      if (selection.primary !== undefined) camera.follow(!camera.following);
      return true;
    case "a":
    case "A":
      camera.showAll();
      return true;
    case "[":
      panels.toggle("list");
      return true;
    case "]":
      if (selection.primary !== undefined) panels.toggle("panel");
      return true;
    case "m":
    case "M":
      panels.toggle("messages");
      return true;
    case "?":
      showHelp();
      return true;
    default:
      return false;
  }
}

/** The list is folded: the next drone of those that it would show. */
function selectNext(page: Page, key: string): boolean {
  const { fleet, overview, filter, selection } = page;
  const ids = orderedDrones({
    fleet,
    conditionOf: (id) => overview.conditionOf(id),
    filter,
    sortBy: "name",
    ranks: nameRanks(fleet),
  });
  const index = selection.primary === undefined ? -1 : ids.indexOf(selection.primary);
  const target = keyTarget(key, index, ids.length);
  const id = target === undefined ? undefined : ids[target];
  if (id === undefined) return false;
  selection.set([id]);
  return true;
}

/** Escape: out of the search first, then out of the selection. */
function leave({ filter, selection, camera }: Page, target: Element): void {
  if (target instanceof HTMLInputElement && target.id === "drone-search") {
    filter.set({ search: "" });
    target.blur();
    document.getElementById("drone-list")?.focus();
    return;
  }
  camera.follow(false);
  selection.clear();
}
