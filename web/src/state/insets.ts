/** How much of the map the panels cover, so that the map centres in what is left. */

import { Store } from "./store";

/** Pixels from each edge of the map. */
export interface Edges {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export class Insets extends Store {
  private now: Edges = { top: 0, right: 0, bottom: 0, left: 0 };

  get edges(): Edges {
    return this.now;
  }

  set(edges: Edges): void {
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
