/** A flight of the past as the page shows it: follows the view, loads, plays. */

import type { Api } from "../api";
import type { Channels } from "../live/channels";
import type { PastMoment } from "../map";
import { Store } from "../state/store";
import type { View } from "../state/view";
import type { Values } from "../values";

export interface HistoryParts {
  api: Api;
  view: View;
  /** Where the flight's values are put while the past is shown. */
  values: Values;
  channels: Channels;
}

export class History extends Store {
  constructor(_parts: HistoryParts) {
    super();
  }

  /** For the map; a new object with every change, undefined while live. */
  get past(): PastMoment | undefined {
    return undefined;
  }

  /** Follow the view. Returns how to stop. */
  start(): () => void {
    return () => {};
  }
}
