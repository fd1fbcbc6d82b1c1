/** MapLibre's worker, started from a blob: it needs no more than `worker-src blob:` and `connect-src 'self'`. */

import { getWorkerUrl, setWorkerUrl } from "maplibre-gl";
import workerFile from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

let ready: Promise<void> | undefined;

/** Make the worker known to MapLibre, once for the page; to be awaited before the first map. */
export function prepareWorker(): Promise<void> {
  ready ??= loadWorker().catch((error: unknown) => {
    ready = undefined;
    throw error;
  });
  return ready;
}

async function loadWorker(): Promise<void> {
  if (getWorkerUrl() !== "") return;
  const response = await fetch(workerFile);
  if (!response.ok) throw new Error(`the map's worker cannot be loaded: HTTP ${response.status}`);
  const code = await response.blob();
  setWorkerUrl(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
}
