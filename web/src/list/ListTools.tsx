/** Above the list: search, type and order. */

import { capital, vehicleName } from "../format";
import { Icon } from "../glyphs/Icon";
import { usePage } from "../page";
import type { SortBy } from "./order";

const SORTS: readonly SortBy[] = ["name", "state", "battery", "altitude"];

export interface ListToolsProps {
  sortBy: SortBy;
  onSort: (by: SortBy) => void;
  /** Enter or an arrow in the search: on to what was found. */
  onLeave: (key: "Enter" | "ArrowDown" | "ArrowUp") => void;
}

export function ListTools({ sortBy, onSort, onLeave }: ListToolsProps) {
  const { fleet, filter } = usePage();
  const { search, vehicle } = filter.settings;
  const vehicles = new Set<string>();
  for (const { state } of fleet.drones.values()) if (state.vehicle) vehicles.add(state.vehicle);
  if (vehicle !== null) vehicles.add(vehicle);
  return (
    <search className="list-tools">
      <label className="search">
        <Icon name="search" />
        <span className="visually-hidden">Search drones by name</span>
        <input
          id="drone-search"
          type="search"
          placeholder="Search"
          autoComplete="off"
          spellCheck={false}
          value={search}
          onChange={(event) => filter.set({ search: event.target.value })}
          onKeyDown={(event) => {
            const { key } = event;
            if (key !== "Enter" && key !== "ArrowDown" && key !== "ArrowUp") return;
            event.preventDefault();
            onLeave(key);
          }}
        />
        <kbd>/</kbd>
      </label>
      <select
        aria-label="Type"
        value={vehicle ?? ""}
        onChange={(event) => filter.set({ vehicle: event.target.value || null })}
      >
        <option value="">All types</option>
        {[...vehicles].sort().map((each) => (
          <option key={each} value={each}>
            {vehicleName(each)}
          </option>
        ))}
      </select>
      <select
        aria-label="Sort by"
        value={sortBy}
        onChange={(event) => onSort(event.target.value as SortBy)}
      >
        {SORTS.map((each) => (
          <option key={each} value={each}>
            {capital(each)}
          </option>
        ))}
      </select>
    </search>
  );
}
