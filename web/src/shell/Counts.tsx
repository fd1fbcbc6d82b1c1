/** How many drones are in which state; a click shows only these. */

import { StateMark } from "../glyphs/StateMark";
import type { Tone } from "../live/condition";
import { useStore } from "../live/hooks";
import { usePage } from "../page";
import type { Group } from "../state/filter";

const GROUPS: readonly { group: Group | null; word: string; tone: Tone; always: boolean }[] = [
  { group: null, word: "drones", tone: "quiet", always: true },
  { group: "flying", word: "flying", tone: "quiet", always: true },
  { group: "critical", word: "critical", tone: "critical", always: true },
  { group: "lost", word: "lost", tone: "critical", always: true },
  { group: "warning", word: "warning", tone: "warning", always: true },
  { group: "offline", word: "offline", tone: "quiet", always: false },
];

export function Counts() {
  const { overview, filter, panels, connection } = usePage();
  useStore(overview);
  useStore(connection);
  useStore(filter);
  const { counts } = overview;
  const chosen = filter.settings.group;

  const choose = (group: Group | null) => {
    filter.set({ group: group === chosen ? null : group });
    if (group !== null) panels.set("list", true);
  };
  return (
    <fieldset
      className="counts"
      data-live={connection.live}
      title={connection.live ? undefined : "As last heard, not live"}
    >
      <legend className="visually-hidden">Show only drones that are</legend>
      {GROUPS.map(({ group, word, tone, always }) => {
        const count = group === null ? counts.total : counts[group];
        if (count === 0 && !always && chosen !== group) return null;
        const state = group === null || group === "flying" ? "normal" : group;
        // One that was switched off on the ground is lost, and nobody needs to hurry.
        const shown = group === "lost" && counts.urgentlyLost === 0 ? "quiet" : tone;
        return (
          <button
            type="button"
            key={word}
            className="count"
            data-tone={count > 0 ? shown : "none"}
            aria-pressed={chosen === group}
            onClick={() => choose(group)}
          >
            {count > 0 && <StateMark state={state} tone={shown} />}
            <strong>{count}</strong> {group === null && count === 1 ? "drone" : word}
          </button>
        );
      })}
    </fieldset>
  );
}
