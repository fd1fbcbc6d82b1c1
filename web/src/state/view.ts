/** What the page shows: now, or a moment of a past flight. */

import { Store } from "./store";

export type ViewMode =
  | { kind: "live" }
  | { kind: "past"; drone: string; startMs: number; endMs: number };

export class View extends Store {
  private current: ViewMode = { kind: "live" };
  private at = 0;

  get mode(): ViewMode {
    return this.current;
  }

  /** The moment shown, milliseconds since 1970; only with a past flight. */
  get momentMs(): number {
    return this.at;
  }

  showLive(): void {
    this.current = { kind: "live" };
    this.notify();
  }

  showPast(drone: string, startMs: number, endMs: number): void {
    this.current = { kind: "past", drone, startMs, endMs };
    this.at = startMs;
    this.notify();
  }

  /** Move the slider. */
  moveTo(momentMs: number): void {
    if (this.current.kind !== "past") return;
    this.at = Math.min(Math.max(momentMs, this.current.startMs), this.current.endMs);
    this.notify();
  }
}
