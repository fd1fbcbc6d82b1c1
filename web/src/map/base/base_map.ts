/** Which map lies below the fleet: the bundled one, or the user's own while it can be loaded. */

import type { ErrorEvent, Map as MapLibreMap, MapSourceDataEvent } from "maplibre-gl";
import type { Palette } from "../palette";
import { BundledWorld, bundledStyle, recolour } from "./bundled_style";
import { type StyleMaker, styleAt, styleOfFile } from "./own_style";

/** So many tiles that fail before the first one arrives mean that none will. */
const MOST_FAILURES = 4;

export interface BaseMapEvents {
  /** A sentence for the user, or that there is nothing to say any more. */
  notice(text: string | undefined): void;
  /** The bundled map is shown, or no longer. */
  plain(isPlain: boolean): void;
}

export class BaseMap {
  private readonly world: BundledWorld;
  private own: StyleMaker | undefined;
  private request = 0;
  private failures = 0;
  private arrived = false;
  private readonly map: MapLibreMap;
  private readonly events: BaseMapEvents;
  private palette: Palette;

  /** The map must have been made with `bundledStyle(palette)`. */
  constructor({
    map,
    palette,
    events,
  }: { map: MapLibreMap; palette: Palette; events: BaseMapEvents }) {
    this.map = map;
    this.palette = palette;
    this.events = events;
    this.world = new BundledWorld(map);
    map.on("style.load", () => {
      if (this.own === undefined) this.world.restart();
    });
    map.on("moveend", () => {
      if (this.own === undefined) void this.world.update();
    });
    map.on("sourcedata", (event: MapSourceDataEvent) => {
      if (event.tile !== undefined) this.arrived = true;
    });
    map.on("error", (event: ErrorEvent) => this.failed(event.error));
  }

  /** Show the map at an address, or the bundled one. */
  async use(address: string | null): Promise<void> {
    this.events.notice(undefined);
    if (address === null) {
      this.showBundled();
      return;
    }
    this.request += 1;
    const { request } = this;
    try {
      const own = await styleAt(address);
      if (request === this.request) this.take(own);
    } catch (error) {
      // Whatever is wrong with somebody else's map, the fleet is shown on the bundled one.
      if (request !== this.request) return;
      this.events.notice(
        `The map “${address}” cannot be loaded: ${reason(error)}. This is the bundled map.`,
      );
      this.showBundled();
    }
  }

  /** Show an archive from the user's disk; what is shown stays when it is none. */
  async useFile(file: File): Promise<void> {
    try {
      this.take(await styleOfFile(file));
    } catch (error) {
      // Any file can be chosen, and each may be broken in its own way.
      this.events.notice(`The file “${file.name}” cannot be loaded: ${reason(error)}.`);
    }
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    if (this.own !== undefined) this.map.setStyle(this.own(palette));
    else if (this.map.isStyleLoaded()) recolour(this.map, palette);
    else this.map.setStyle(bundledStyle(palette));
  }

  private take(own: StyleMaker): void {
    this.request += 1;
    this.own = own;
    this.failures = 0;
    this.arrived = false;
    this.map.setStyle(own(this.palette), { diff: false });
    this.events.plain(false);
    this.events.notice(undefined);
  }

  private failed(error: { message: string }): void {
    if (this.own === undefined || this.arrived) return;
    this.failures += 1;
    if (this.failures < MOST_FAILURES) return;
    this.events.notice(
      `The tiles of your map cannot be loaded: ${reason(error)}. This is the bundled map.`,
    );
    this.showBundled();
  }

  private showBundled(): void {
    this.request += 1;
    this.events.plain(true);
    if (this.own === undefined) return;
    this.own = undefined;
    this.map.setStyle(bundledStyle(this.palette), { diff: false });
  }
}

function reason(error: unknown): string {
  const { name, message } = error as { name?: string; message?: string };
  if (name === "TimeoutError") return "no answer within 10 seconds";
  if (message === undefined || message === "") return String(error);
  return message.includes("Failed to fetch") ? "no connection" : message.replace(/\.$/, "");
}
