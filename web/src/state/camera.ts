/** Wishes to the map: bring drones into view, stay on one. The map follows this store. */

import { Store } from "./store";

export type CameraWish = { kind: "centre"; drones: readonly string[] } | { kind: "all" };

export class Camera extends Store {
  private follows = false;
  private last: CameraWish | undefined;

  /** Whether the map stays on the primary drone. */
  get following(): boolean {
    return this.follows;
  }

  /** The newest wish; a new object for each, so that the same wish twice is seen twice. */
  get wish(): CameraWish | undefined {
    return this.last;
  }

  /** Bring these drones into view. */
  centre(drones: readonly string[]): void {
    this.last = { kind: "centre", drones };
    this.notify();
  }

  /** Bring the whole fleet into view. */
  showAll(): void {
    this.follows = false;
    this.last = { kind: "all" };
    this.notify();
  }

  follow(on: boolean): void {
    if (on === this.follows) return;
    this.follows = on;
    this.notify();
  }
}
