/** What the page knows of channels: their stale limits, from the design's own table. */

/** Until the table is there, and for channels that are not in it (`mav_…`), seconds. */
const DEFAULT_STALE_S = 30;

export interface ChannelField {
  name: string;
  unit: string;
  description: string;
}

/** A channel as `GET /api/v1/channels` tells it. */
export interface Channel {
  name: string;
  description: string;
  fields: ChannelField[];
  stale_after_s: number;
}

export class Channels {
  private byName = new Map<string, Channel>();

  set(channels: readonly Channel[]): void {
    this.byName = new Map(channels.map((channel) => [channel.name, channel]));
  }

  get known(): boolean {
    return this.byName.size > 0;
  }

  get all(): readonly Channel[] {
    return [...this.byName.values()];
  }

  named(name: string): Channel | undefined {
    return this.byName.get(name);
  }

  /** Age in seconds from which a value of the channel no longer counts as live. */
  staleAfterS(channel: string): number {
    return this.byName.get(channel)?.stale_after_s ?? DEFAULT_STALE_S;
  }
}
