/** The page from top to bottom. */

import { useEffect, useRef, useState } from "react";
import { HistoryBar } from "../history";
import { DroneList } from "../list";
import { useStore } from "../live/hooks";
import { usePage } from "../page";
import { DronePanel } from "../panel";
import { FleetMap } from "./FleetMap";
import { Header } from "./Header";
import { KeysHelp } from "./KeysHelp";
import { followKeys } from "./keys";
import { MessageList, Messages } from "./Messages";
import { NoDrones } from "./NoDrones";
import { ServerAway } from "./ServerAway";
import { followFleet } from "./selecting";
import { followTitle } from "./title";
import "./shell.css";

export function App() {
  const page = usePage();
  const { selection, panels } = page;
  useStore(selection);
  useStore(panels);
  const help = useRef<HTMLDialogElement>(null);
  const [showHelp] = useState(() => () => help.current?.showModal());

  useEffect(() => followKeys(page, showHelp), [page, showHelp]);
  useEffect(() => followFleet(page), [page]);
  useEffect(() => followTitle(page), [page]);

  const { primary } = selection;
  const panelOpen = primary !== undefined && panels.isOpen("panel");
  return (
    <div className="page">
      <Header onHelp={showHelp} />
      <main className="stage" data-list={panels.isOpen("list")} data-panel={panelOpen}>
        <FleetMap />
        <ServerAway />
        <NoDrones />
        {panels.isOpen("list") && <DroneList />}
        {panelOpen && <DronePanel drone={primary} key={primary} />}
        {panels.isOpen("messages") && <MessageList />}
      </main>
      <footer className="bottom">
        <Messages />
        <HistoryBar history={page.history} clock={page.clock} drone={primary} />
      </footer>
      <KeysHelp dialog={help} />
    </div>
  );
}
