/** The page's parts around a fleet and a server that the test plays; for tests with a document. */

import type { ReactNode } from "react";
import { Channels } from "../../src/live/channels";
import { Clock } from "../../src/live/clock";
import { Connection } from "../../src/live/connection";
import { Fleet } from "../../src/live/fleet";
import { Overview } from "../../src/live/overview";
import { LiveValues } from "../../src/live/source";
import { type Page, PageProvider } from "../../src/page";
import type { Origin } from "../../src/readings/reading";
import { Filter } from "../../src/state/filter";
import { Panels } from "../../src/state/panels";
import { Selection } from "../../src/state/selection";
import { ZoneChoice } from "../../src/state/zone";
import { BridgeInMemory } from "./bridge";
import { iso, stateOfDrone } from "./drones";

/** One drone, `a`, that flies and is well, and a server that has said hello. */
export class PageInMemory {
  readonly bridge: BridgeInMemory;
  readonly parts: Pick<
    Page,
    | "fleet"
    | "clock"
    | "channels"
    | "connection"
    | "overview"
    | "filter"
    | "panels"
    | "selection"
    | "zone"
  >;

  /** `localMs` is the clock of all of them. */
  constructor(
    private readonly localMs: () => number,
    { narrow = false } = {},
  ) {
    // The document of the tests has no layout.
    window.matchMedia = (media) =>
      Object.assign(new EventTarget(), { matches: narrow, media }) as unknown as MediaQueryList;
    this.bridge = new BridgeInMemory(localMs);
    const clock = new Clock(localMs);
    const fleet = new Fleet({ localMs });
    const channels = new Channels();
    const connection = new Connection({ fleet, clock, world: this.bridge });
    this.parts = {
      fleet,
      clock,
      channels,
      connection,
      overview: new Overview({ fleet, clock, channels }),
      filter: new Filter(),
      panels: new Panels(),
      selection: new Selection(),
      zone: new ZoneChoice(),
    };
  }

  /** Returns how to stop. */
  start(): () => void {
    const stop = this.parts.connection.start();
    this.bridge.newest.greets(iso(this.localMs()));
    this.bridge.newest.says({
      type: "snapshot",
      subscription: "fleet",
      cursor: "1",
      part: 0,
      more: false,
      drones: [stateOfDrone("a")],
    });
    this.parts.overview.update();
    return stop;
  }

  losesBroker(): void {
    this.bridge.newest.says({ type: "heartbeat", time: iso(this.localMs()), broker: false });
  }

  get origin(): Origin {
    const { fleet, clock, channels } = this.parts;
    return { drone: "a", channels, source: new LiveValues({ fleet, clock }) };
  }

  /** Components that use only these parts. */
  around(children: ReactNode) {
    return <PageProvider page={this.parts as Page}>{children}</PageProvider>;
  }
}
