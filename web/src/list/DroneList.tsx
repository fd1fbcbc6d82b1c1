/** The list at the left: as many rows as can be seen, of a fleet of any size. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, useEffect, useMemo, useRef, useState } from "react";
import { useStore } from "../live/hooks";
import { usePage } from "../page";
import { useInset } from "../shell/useInset";
import { DroneRow } from "./DroneRow";
import { listKeys } from "./keys";
import { ListTools } from "./ListTools";
import { heldOrder, nameRanks, orderedDrones, type SortBy } from "./order";
import "./list.css";

const ROW_PX = 48;
const ROWS_BEYOND = 8;

export function DroneList() {
  const { fleet, overview, filter, selection, panels, view } = usePage();
  useStore(overview);
  useStore(view);
  useStore(filter);
  useStore(selection);
  const [sortBy, setSortBy] = useState<SortBy>("name");
  const [held, setHeld] = useState(false);
  const list = useRef<HTMLElement>(null);
  const scroll = useRef<HTMLDivElement>(null);
  useInset("left", list);

  const ids = useListed({ sortBy, held });
  const rows = useVirtualizer({
    count: ids.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: ROWS_BEYOND,
    getItemKey: (index) => ids[index] ?? index,
  });

  const { primary } = selection;
  const primaryIndex = primary === undefined ? -1 : ids.indexOf(primary);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new selection scrolls, not a new order
  useEffect(() => {
    if (primaryIndex >= 0) rows.scrollToIndex(primaryIndex);
  }, [primary]);

  const choose = (id: string, { ctrlKey, metaKey, shiftKey }: MouseEvent) => {
    if (ctrlKey || metaKey || shiftKey) selection.toggle(id);
    else selection.set([id]);
    if (selection.primary !== undefined) panels.set("panel", true);
  };

  const open = (id: string | undefined) => {
    if (id === undefined) return;
    selection.set([id]);
    panels.set("panel", true);
  };
  const keys = listKeys(ids, primary, { select: (id) => selection.set([id]), open });
  const enterList = (key: "Enter" | "ArrowDown" | "ArrowUp") => {
    if (ids.length === 0) return;
    scroll.current?.focus();
    // One that is selected already may be among what was found.
    if (primaryIndex < 0) selection.set([(key === "ArrowUp" ? ids.at(-1) : ids[0]) as string]);
    if (key === "Enter") panels.set("panel", true);
  };

  return (
    <section className="list" aria-label="Drones" ref={list}>
      <ListTools sortBy={sortBy} onSort={setSortBy} onLeave={enterList} />
      {view.mode.kind === "past" && <p className="list-live">Live, not as of the past flight</p>}
      {/* The arrows work from the whole page too: shell/keys.ts brings them here. */}
      <div
        className="list-rows"
        id="drone-list"
        ref={scroll}
        role="listbox"
        aria-label="Drones"
        aria-multiselectable="true"
        aria-activedescendant={primaryIndex >= 0 ? rowId(primary as string) : undefined}
        tabIndex={0}
        onKeyDown={keys}
        onPointerEnter={() => setHeld(true)}
        onPointerLeave={() => setHeld(false)}
      >
        <div style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, key, start }) => {
            const id = ids[index] as string;
            const drone = fleet.drones.get(id);
            const condition = overview.conditionOf(id);
            if (drone === undefined || condition === undefined) return null;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the list box has the keys
              // biome-ignore lint/a11y/useFocusableInteractive: the list box has the focus
              <div
                className="row"
                id={rowId(id)}
                key={key}
                role="option"
                aria-selected={selection.drones.includes(id)}
                aria-setsize={ids.length}
                aria-posinset={index + 1}
                style={{ transform: `translateY(${start}px)` }}
                onClick={(event) => choose(id, event)}
              >
                <DroneRow drone={drone} condition={condition} />
              </div>
            );
          })}
        </div>
        {ids.length === 0 && filter.active && (
          <p className="list-empty">
            No drone matches.
            <button type="button" className="button" onClick={() => filter.clear()}>
              Show all
            </button>
          </p>
        )}
      </div>
    </section>
  );
}

/** Ids in the order shown; worked out again when the overview or the filter changed. */
function useListed({ sortBy, held }: { sortBy: SortBy; held: boolean }): readonly string[] {
  const { fleet, overview, filter } = usePage();
  const shown = useRef<readonly string[]>([]);
  const ranks = useMemo(() => ({ members: -1, of: new Map<string, number>() }), []);
  if (ranks.members !== fleet.membersRevision) {
    ranks.of = nameRanks(fleet);
    ranks.members = fleet.membersRevision;
  }
  const revision = `${overview.revision()} ${filter.revision()} ${sortBy}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stores change in place; revision tells
  const ids = useMemo(() => {
    const conditionOf = (id: string) => overview.conditionOf(id);
    const wanted = orderedDrones({ fleet, conditionOf, filter, sortBy, ranks: ranks.of });
    return held ? heldOrder(shown.current, wanted) : wanted;
  }, [revision]);
  useEffect(() => {
    shown.current = ids;
  }, [ids]);
  return ids;
}

function rowId(drone: string): string {
  return `row-${drone}`;
}
