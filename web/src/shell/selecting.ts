/** The selection follows the fleet: one drone alone opens by itself, one that is gone is let go. */

import type { Page } from "../page";

/** Returns how to stop. */
export function followFleet({ fleet, selection }: Page): () => void {
  let members = -1;
  let opened = false;
  const follow = () => {
    if (members === fleet.membersRevision || !fleet.complete) return;
    members = fleet.membersRevision;
    const left = selection.drones.filter((id) => fleet.drones.has(id));
    if (left.length < selection.drones.length) selection.set(left);
    const [only] = fleet.drones.keys();
    if (!opened && fleet.drones.size === 1 && only !== undefined) selection.set([only]);
    // What somebody closed stays closed.
    opened ||= fleet.drones.size > 0;
  };
  follow();
  return fleet.subscribe(follow);
}
