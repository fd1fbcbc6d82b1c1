/** Which of the page's parts are unfolded; remembered by the browser. */

import { Store } from "./store";

export type PanelName = "list" | "panel" | "messages";

const KEY = "aerostream.panels";
/** Below this width both sides are drawers: only one of them is open at a time. */
export const DRAWERS_BELOW_PX = 1280;
/** From this height on there is room for a few messages. */
const TALL_PX = 900;

const OTHER: Partial<Record<PanelName, PanelName>> = { list: "panel", panel: "list" };

export class Panels extends Store {
  private open: Record<PanelName, boolean>;
  private readonly narrow: MediaQueryList;

  constructor() {
    super();
    this.narrow = window.matchMedia(`(max-width: ${DRAWERS_BELOW_PX - 1}px)`);
    this.open = {
      list: !this.narrow.matches,
      panel: true,
      messages: window.innerHeight >= TALL_PX,
      ...remembered(),
    };
    if (this.narrow.matches) this.open.list = false;
    this.narrow.addEventListener("change", ({ matches }) => {
      this.open.list = !matches;
      this.notify();
    });
  }

  /** Whether the sides lie over the map as drawers. */
  get drawers(): boolean {
    return this.narrow.matches;
  }

  isOpen(name: PanelName): boolean {
    return this.open[name];
  }

  set(name: PanelName, open: boolean): void {
    if (this.open[name] === open) return;
    this.open[name] = open;
    const other = OTHER[name];
    if (open && this.drawers && other !== undefined) this.open[other] = false;
    // What a drawer did is of the moment, not a wish for the next time.
    if (!this.drawers) localStorage.setItem(KEY, JSON.stringify(this.open));
    this.notify();
  }

  toggle(name: PanelName): void {
    this.set(name, !this.open[name]);
  }
}

function remembered(): Partial<Record<PanelName, boolean>> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof found === "object" && found !== null ? found : {};
  } catch {
    // Somebody else wrote there.
    return {};
  }
}
