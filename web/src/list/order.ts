/** Which drones the list shows, and in which order. */

import { type Condition, STATES } from "../live/condition";
import type { Drone, Fleet } from "../live/fleet";
import type { Filter } from "../state/filter";

export type SortBy = "name" | "state" | "battery" | "altitude";

const names = new Intl.Collator("en", { numeric: true });

/** Places of the drones' names in natural order: `d-2` before `d-10`. */
export function nameRanks(fleet: Fleet): Map<string, number> {
  const sorted = [...fleet.drones.keys()].sort(names.compare);
  return new Map(sorted.map((id, rank) => [id, rank]));
}

export interface Order {
  fleet: Fleet;
  conditionOf(drone: string): Condition | undefined;
  filter: Filter;
  sortBy: SortBy;
  ranks: ReadonlyMap<string, number>;
}

/** Ids of the drones to show. Drones that are alike stand by name, so that rows stay in place. */
export function orderedDrones({ fleet, conditionOf, filter, sortBy, ranks }: Order): string[] {
  const entries: { id: string; key: number; rank: number }[] = [];
  for (const [id, drone] of fleet.drones) {
    const condition = conditionOf(id);
    if (condition === undefined || !filter.matches(drone, condition)) continue;
    entries.push({ id, key: keyOf(sortBy, drone, condition), rank: ranks.get(id) ?? 0 });
  }
  entries.sort((a, b) => a.key - b.key || a.rank - b.rank);
  return entries.map(({ id }) => id);
}

/**
 * The order of `shown` kept for those that are still wanted, new ones at the end: rows do not move
 * under the pointer.
 */
export function heldOrder(shown: readonly string[], wanted: readonly string[]): string[] {
  const left = new Set(wanted);
  const kept = shown.filter((id) => left.delete(id));
  return [...kept, ...left];
}

/** Metres above home, as newest known. */
export function altitudeOf(drone: Drone): number | null {
  const live = drone.samples.get("position/1/0")?.values.relative_alt;
  return typeof live === "number" ? live : (drone.state.position?.relative_alt ?? null);
}

export function headingOf(drone: Drone): number | null {
  const live = drone.samples.get("position/1/0")?.values.hdg;
  return typeof live === "number" ? live : (drone.state.position?.heading ?? null);
}

/** The smallest comes first; what is not known comes last. */
function keyOf(sortBy: SortBy, drone: Drone, condition: Condition): number {
  switch (sortBy) {
    case "name":
      return 0;
    case "state":
      return STATES.indexOf(condition.state);
    case "battery":
      return drone.state.battery?.percent ?? Number.MAX_VALUE;
    case "altitude": {
      const altitude = altitudeOf(drone);
      return altitude === null ? Number.MAX_VALUE : -Math.round(altitude);
    }
  }
}
