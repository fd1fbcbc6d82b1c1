/** The page from top to bottom. */

import { HistoryBar } from "../history";
import { DroneList } from "../list";
import { useStore } from "../live/hooks";
import { usePage } from "../page";
import { DronePanel } from "../panel";
import "./shell.css";
import { FleetMap } from "./FleetMap";
import { Header } from "./Header";
import { Messages } from "./Messages";

export function App() {
  const page = usePage();
  useStore(page.selection);
  return (
    <div className="page">
      <Header />
      <main className="stage">
        <FleetMap />
        <DroneList />
        {page.selection.primary && <DronePanel drone={page.selection.primary} />}
      </main>
      <footer className="bottom">
        <Messages />
        <HistoryBar history={page.history} clock={page.clock} drone={page.selection.primary} />
      </footer>
    </div>
  );
}
