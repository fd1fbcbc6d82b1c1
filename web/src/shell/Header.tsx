/** At the top: the fleet, what state it is in, and the link to the server. */

import { Icon } from "../glyphs/Icon";
import { useStore } from "../live/hooks";
import { usePage } from "../page";
import type { ThemeChoice } from "../theme/theme";
import { Counts } from "./Counts";
import { LinkStatus } from "./LinkStatus";

export function Header({ onHelp }: { onHelp: () => void }) {
  const { panels, selection } = usePage();
  useStore(panels);
  useStore(selection);
  return (
    <header className="header">
      <button
        type="button"
        className="icon-button"
        aria-label="List of drones"
        aria-pressed={panels.isOpen("list")}
        title="List of drones ([)"
        onClick={() => panels.toggle("list")}
      >
        <Icon name="list" />
      </button>
      <h1>AeroStream</h1>
      <FleetFilter />
      <Counts />
      <span className="spacer" />
      <LinkStatus />
      <ThemeButton />
      <button
        type="button"
        className="icon-button keys-button"
        aria-label="Keys"
        title="Keys (?)"
        onClick={onHelp}
      >
        <Icon name="keys" />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label="Panel of the selected drone"
        aria-pressed={panels.isOpen("panel") && selection.primary !== undefined}
        disabled={selection.primary === undefined}
        title="Panel of the selected drone (])"
        onClick={() => panels.toggle("panel")}
      >
        <Icon name="panel" />
      </button>
    </header>
  );
}

function FleetFilter() {
  const { fleet, filter, overview } = usePage();
  useStore(overview);
  useStore(filter);
  const chosen = filter.settings.fleet;
  const fleets = new Set<string>();
  for (const { state } of fleet.drones.values()) fleets.add(state.fleet);
  if (chosen !== null) fleets.add(chosen);
  // One fleet alone needs no choice, only its name.
  if (fleets.size < 2 && chosen === null) {
    return <span className="fleet-name">{[...fleets][0] ?? ""}</span>;
  }
  return (
    <select
      className="fleet-filter"
      aria-label="Fleet"
      value={chosen ?? ""}
      onChange={(event) => filter.set({ fleet: event.target.value || null })}
    >
      <option value="">All fleets</option>
      {[...fleets].sort().map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

const THEMES: Record<ThemeChoice, string> = {
  auto: "as the system",
  light: "light",
  dark: "dark",
};

function ThemeButton() {
  const { theme } = usePage();
  useStore(theme);
  const words = `Colours: ${THEMES[theme.chosen]}`;
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={words}
      title={words}
      onClick={() => theme.next()}
    >
      <Icon name={theme.chosen} />
    </button>
  );
}
