/** One message or event: when, how serious in a word, whose, what. */

import { clockTime } from "../format";
import { useStore } from "../live/hooks";
import type { DroneEvent } from "../live/protocol";
import { usePage } from "../page";
import { DroneName } from "../readings/DroneName";
import { eventText } from "./eventText";
import { severityTone, severityWord } from "./severity";

export function EventRow({ event, named }: { event: DroneEvent; named: boolean }) {
  const { zone } = usePage();
  useStore(zone);
  return (
    <>
      <time dateTime={event.time}>{clockTime(Date.parse(event.time), zone.chosen)}</time>
      <span className="event-severity" data-tone={severityTone(event.severity)}>
        {severityWord(event.severity)}
      </span>
      {named && <DroneName of={event.drone} className="event-drone" />}
      <span className="event-text">{eventText(event, zone.chosen)}</span>
    </>
  );
}

/** Tells the same event from one drawing to the next. */
export function eventKey({ drone, time, kind, text }: DroneEvent): string {
  return `${drone} ${time} ${kind} ${text}`;
}
