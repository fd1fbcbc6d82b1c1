/** The newest messages of the drone; all of them are at the bottom of the page. */

import { usePage } from "../page";
import { EventRow, eventKey } from "../shell/EventRow";

const MOST_SHOWN = 20;

export function DroneMessages({ drone }: { drone: string }) {
  const { fleet } = usePage();
  const events = fleet.drones.get(drone)?.events ?? [];
  if (events.length === 0) return null;
  return (
    <section className="section">
      <h3>Messages</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls with the keys */}
      <ol className="panel-messages" tabIndex={0} aria-label="Messages, newest first">
        {events
          .slice(-MOST_SHOWN)
          .reverse()
          .map((event) => (
            <li key={eventKey(event)}>
              <EventRow event={event} named={false} />
            </li>
          ))}
      </ol>
    </section>
  );
}
