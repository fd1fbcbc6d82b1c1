/** The map with the page's stores; drawn again only for a past flight or the server's settings. */

import { Suspense, use } from "react";
import { useStore } from "../live/hooks";
import { MapView } from "../map";
import { usePage } from "../page";

export function FleetMap() {
  return (
    <Suspense>
      <MapOfPage />
    </Suspense>
  );
}

function MapOfPage() {
  const page = usePage();
  useStore(page.history);
  const settings = use(page.settings);
  return (
    <MapView
      fleet={page.fleet}
      selection={page.selection}
      view={page.view}
      camera={page.camera}
      insets={page.insets}
      clock={page.clock}
      overview={page.overview}
      channels={page.channels}
      past={page.history.past}
      mapStyle={settings.map_style}
    />
  );
}
