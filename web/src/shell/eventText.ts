/** What an event says to people: its own words, and what only its details tell. */

import { givenUp, stretchText } from "../history/arriving";
import type { DroneEvent } from "../live/protocol";
import type { Zone } from "../state/zone";

export function eventText(event: DroneEvent, zone: Zone): string {
  const never = givenUp(event);
  if (never === undefined) return event.text;
  return `${event.text}. Of ${stretchText(never, zone)} data is missing for good.`;
}
