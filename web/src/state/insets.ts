/** How much of the map the panels cover, so that the map centres in what is left. */

import { Store } from "./store";

/** Pixels from each edge of the map. */
export interface Edges {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

const NOTHING: Edges = { top: 0, right: 0, bottom: 0, left: 0 };

export class Insets extends Store {
  private readonly covers = new Map<unknown, Edges>();
  private now = NOTHING;

  /** Of all panels together. */
  get edges(): Edges {
    return this.now;
  }

  /** What a panel covers from now on, until it covers something else or nothing. */
  cover(panel: unknown, edges: Partial<Edges>): void {
    this.covers.set(panel, { ...NOTHING, ...edges });
    this.join();
  }

  /** The panel is gone. */
  uncover(panel: unknown): void {
    this.covers.delete(panel);
    this.join();
  }

  private join(): void {
    const all = [...this.covers.values()];
    const most = (edge: keyof Edges) => Math.max(0, ...all.map((each) => each[edge]));
    const edges = {
      top: most("top"),
      right: most("right"),
      bottom: most("bottom"),
      left: most("left"),
    };
    const same =
      edges.top === this.now.top &&
      edges.right === this.now.right &&
      edges.bottom === this.now.bottom &&
      edges.left === this.now.left;
    if (same) return;
    this.now = edges;
    this.notify();
  }
}
