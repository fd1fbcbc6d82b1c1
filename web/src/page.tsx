/** The page's parts, put together once, and how components reach them. */

import { createContext, type ReactNode, useContext } from "react";
import { Api, type PageSettings } from "./api";
import { History } from "./history";
import { openSocket } from "./live/browser_socket";
import { Channels } from "./live/channels";
import { Clock, monotonicMs } from "./live/clock";
import { Connection } from "./live/connection";
import { Fleet } from "./live/fleet";
import { Overview } from "./live/overview";
import { LiveValues } from "./live/source";
import { Camera } from "./state/camera";
import { Filter } from "./state/filter";
import { Insets } from "./state/insets";
import { Panels } from "./state/panels";
import { Selection } from "./state/selection";
import { View } from "./state/view";
import { ZoneChoice } from "./state/zone";
import { Theme } from "./theme/theme";
import { Values } from "./values";

export interface Page {
  readonly api: Api;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly channels: Channels;
  readonly connection: Connection;
  readonly overview: Overview;
  readonly values: Values;
  readonly history: History;
  readonly selection: Selection;
  readonly view: View;
  readonly filter: Filter;
  readonly camera: Camera;
  readonly insets: Insets;
  readonly panels: Panels;
  readonly theme: Theme;
  readonly zone: ZoneChoice;
  /** Answers when the server told its settings; retried until it does. */
  readonly settings: Promise<PageSettings>;
}

const RETRY_MS = 3000;

/** Build the parts and let them run. */
export function startPage(): Page {
  const clock = new Clock();
  const fleet = new Fleet({ nowMs: () => clock.nowMs() });
  const channels = new Channels();
  const selection = new Selection();
  const connection = new Connection({
    fleet,
    clock,
    world: { open: openSocket, nowMs: monotonicMs, random: Math.random },
  });
  const overview = new Overview({ fleet, clock, channels });
  const theme = new Theme();
  const api = new Api();
  const view = new View();
  const values = new Values({ live: new LiveValues({ fleet, clock }) });
  const history = new History({ api, view, values, channels, fleet });

  selection.subscribe(() => connection.select(selection.primary));
  // Whoever opens the laptop again does not want to wait for the next attempt.
  window.addEventListener("online", () => connection.retryNow());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) connection.retryNow();
  });
  connection.start();
  overview.start();
  theme.start();
  history.start();
  void untilAnswered(() => api.getChannels()).then((table) => channels.set(table));

  return {
    api,
    fleet,
    clock,
    channels,
    connection,
    overview,
    values,
    history,
    selection,
    view,
    filter: new Filter(),
    camera: new Camera(),
    insets: new Insets(),
    panels: new Panels(),
    theme,
    zone: new ZoneChoice(),
    settings: untilAnswered(() => api.getPage()),
  };
}

async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch {
      // The server is away; the page says so by its connection.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

const PageContext = createContext<Page | undefined>(undefined);

export function PageProvider({ page, children }: { page: Page; children: ReactNode }) {
  return <PageContext value={page}>{children}</PageContext>;
}

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === undefined) throw new Error("usePage is called outside PageProvider");
  return page;
}
