/** Which drones the operator wants to see; the list shows only these, the map puts them in front. */

import type { Condition } from "../live/condition";
import type { Drone } from "../live/fleet";
import { Store } from "./store";

/** What the counts at the top filter by: a state, or whether it flies. */
export type Group = "flying" | Condition["state"];

export interface FilterSettings {
  /** Part of a name, in any case. */
  search: string;
  fleet: string | null;
  /** `copter`, `plane`, … */
  vehicle: string | null;
  group: Group | null;
}

const NOTHING: FilterSettings = { search: "", fleet: null, vehicle: null, group: null };

export class Filter extends Store {
  private now: FilterSettings = NOTHING;

  get settings(): FilterSettings {
    return this.now;
  }

  get active(): boolean {
    return Object.values(this.now).some(Boolean);
  }

  set(changes: Partial<FilterSettings>): void {
    this.now = { ...this.now, ...changes };
    this.notify();
  }

  clear(): void {
    this.now = NOTHING;
    this.notify();
  }

  /** Whether a drone in this condition is wanted. */
  matches(drone: Drone, condition: Condition): boolean {
    const { search, fleet, vehicle, group } = this.now;
    if (fleet !== null && drone.state.fleet !== fleet) return false;
    if (vehicle !== null && drone.state.vehicle !== vehicle) return false;
    if (group === "flying" ? !condition.flying : group !== null && condition.state !== group) {
      return false;
    }
    return search === "" || drone.state.drone.toLowerCase().includes(search.trim().toLowerCase());
  }
}
