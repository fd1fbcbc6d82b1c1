/** Messages and events of the fleet, newest first: the newest in the bottom row, more above it. */

import { useRef, useState } from "react";
import { Icon } from "../glyphs/Icon";
import { useTick } from "../live/hooks";
import type { DroneEvent } from "../live/protocol";
import { usePage } from "../page";
import { EventRow, eventKey } from "./EventRow";
import { useInset } from "./useInset";

const MOST_SHOWN = 100;
const INTERVAL_MS = 500;
const WARNING = 4;

/** In the bottom row. */
export function Messages() {
  const { fleet, panels } = usePage();
  useTick(INTERVAL_MS);
  const open = panels.isOpen("messages");
  const newest = fleet.events.at(-1);
  return (
    <section className="messages" aria-label="Messages">
      <button
        type="button"
        className="messages-toggle"
        aria-expanded={open}
        title="Messages (M)"
        onClick={() => panels.toggle("messages")}
      >
        <Icon name={open ? "down" : "up"} />
        <span>Messages</span>
      </button>
      <div className="messages-newest">
        {!open && newest !== undefined && <EventRow event={newest} named />}
        {newest === undefined && <span className="muted">No messages yet</span>}
      </div>
    </section>
  );
}

/** Over the map's lower edge, while unfolded. */
export function MessageList() {
  const { fleet, selection } = usePage();
  const [urgentOnly, setUrgentOnly] = useState(false);
  const list = useRef<HTMLElement>(null);
  useTick(INTERVAL_MS);
  useInset("bottom", list);
  const shown = newestFirst(fleet.events, urgentOnly);
  return (
    <section className="message-list" aria-label="Messages, newest first" ref={list}>
      <label className="check">
        <input
          type="checkbox"
          checked={urgentOnly}
          onChange={(event) => setUrgentOnly(event.target.checked)}
        />
        Only warnings and worse
      </label>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls with the keys */}
      <ol tabIndex={0}>
        {shown.map((event) => (
          <li key={eventKey(event)}>
            <button type="button" className="event" onClick={() => selection.set([event.drone])}>
              <EventRow event={event} named />
            </button>
          </li>
        ))}
        {shown.length === 0 && <li className="muted">None</li>}
      </ol>
    </section>
  );
}

function newestFirst(events: readonly DroneEvent[], urgentOnly: boolean): DroneEvent[] {
  const shown: DroneEvent[] = [];
  for (let index = events.length - 1; index >= 0 && shown.length < MOST_SHOWN; index -= 1) {
    const event = events[index] as DroneEvent;
    if (!urgentOnly || event.severity <= WARNING) shown.push(event);
  }
  return shown;
}
