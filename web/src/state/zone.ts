/** Whether times are told in UTC or in the reader's zone; one choice for the page, remembered. */

import { Store } from "./store";

export type Zone = "utc" | "local";

const KEY = "aerostream.zone";

export class ZoneChoice extends Store {
  private zone: Zone = localStorage.getItem(KEY) === "local" ? "local" : "utc";

  get chosen(): Zone {
    return this.zone;
  }

  toggle(): void {
    this.zone = this.zone === "utc" ? "local" : "utc";
    localStorage.setItem(KEY, this.zone);
    this.notify();
  }
}
