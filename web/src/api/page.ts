/** What the page asks once, when it starts. */

import type { Channel } from "../live/channels";
import { getJson } from "./client";

/** Settings of the page, as the server was started with. */
export interface PageSettings {
  /** Address of a MapLibre style; null: the bundled base map. */
  map_style: string | null;
  version: string;
  demo?: boolean;
}

export const getChannels = (signal?: AbortSignal) => getJson<Channel[]>("channels", {}, signal);

export const getPageSettings = (signal?: AbortSignal) => getJson<PageSettings>("page", {}, signal);
