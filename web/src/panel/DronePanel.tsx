/** The panel at the right: who the drone is, how it is, and its values, plots and flights. */

import { type KeyboardEvent, useRef, useState } from "react";
import { FlightList } from "../history";
import { useStore } from "../live/hooks";
import { usePage } from "../page";
import { PlotPanel } from "../plots";
import { useInset } from "../shell/useInset";
import { LiveTab } from "./LiveTab";
import { PanelHead } from "./PanelHead";
import "./panel.css";

const TABS = ["Live", "Plots", "Flights"] as const;
type Tab = (typeof TABS)[number];

export function DronePanel({ drone }: { drone: string }) {
  const { api, fleet, view, channels, clock } = usePage();
  const [tab, setTab] = useState<Tab>("Live");
  const panel = useRef<HTMLElement>(null);
  useInset("right", panel);
  useStore(view);
  return (
    <section className="panel" aria-label={`Drone ${drone}`} ref={panel}>
      <PanelHead drone={drone} />
      <Tabs
        chosen={tab}
        onChoose={setTab}
        liveWord={view.mode.kind === "past" && view.mode.drone === drone ? "Values" : "Live"}
      />
      <div className="panel-body" role="tabpanel" id="panel-body" aria-labelledby={tabId(tab)}>
        {tab === "Live" && <LiveTab drone={drone} />}
        {tab === "Plots" && (
          <PlotPanel
            drone={drone}
            api={api}
            fleet={fleet}
            view={view}
            channels={channels}
            clock={clock}
          />
        )}
        {tab === "Flights" && <FlightList drone={drone} api={api} view={view} />}
      </div>
    </section>
  );
}

function Tabs({
  chosen,
  onChoose,
  liveWord,
}: {
  chosen: Tab;
  onChoose: (tab: Tab) => void;
  liveWord: string;
}) {
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = TABS[(TABS.indexOf(chosen) + step + TABS.length) % TABS.length] as Tab;
    onChoose(next);
    document.getElementById(tabId(next))?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label="Parts of the panel" onKeyDown={onKeyDown}>
      {TABS.map((tab) => (
        <button
          type="button"
          role="tab"
          key={tab}
          id={tabId(tab)}
          aria-controls="panel-body"
          aria-selected={tab === chosen}
          tabIndex={tab === chosen ? 0 : -1}
          onClick={() => onChoose(tab)}
        >
          {tab === "Live" ? liveWord : tab}
        </button>
      ))}
    </div>
  );
}

function tabId(tab: Tab): string {
  return `tab-${tab.toLowerCase()}`;
}
