/** The fields of a channel that is not in the table, a passed-through message: from one sample. */

import type { Api, StoredSeries } from "../api";
import type { Channel } from "../live/channels";

/** Unknown: how often it comes; a minute's pause counts as a gap. */
const STALE_S = 60;

export async function learnChannel(
  api: Pick<Api, "getTelemetry">,
  drone: string,
  series: StoredSeries,
): Promise<Channel> {
  const answer = await api.getTelemetry(drone, {
    channel: series.channel,
    component: series.component,
    instance: series.instance,
    start: series.first,
    end: Date.parse(series.last) + 1000,
    limit: 1,
  });
  const [found] = answer.series;
  const fields = Object.entries(found?.fields ?? {})
    // What is a word in the sample is a word in all of them.
    .filter(([, [value]]) => typeof value !== "string")
    .map(([name]) => ({ name, unit: answer.units[name] ?? "", description: "" }));
  return { name: series.channel, description: "", fields, stale_after_s: STALE_S };
}
