import { useEffect, useRef, useState } from "react";
import "maplibre-gl/dist/maplibre-gl.css";
import "./map.css";
import { prepareWorker } from "./base/worker";
import { FleetMap } from "./fleet_map";
import type { MapViewProps } from "./types";

const NO_WEBGL = "This browser has no WebGL, so there is no map. List and values work.";
const LOST = "The map lost its graphics. List and values work.";

/** The map of the fleet. It is mounted once; from then on it follows the stores outside of React. */
export function MapView({ past, mapStyle, ...sources }: MapViewProps) {
  const container = useRef<HTMLDivElement>(null);
  const latest = useRef(sources);
  const [map, setMap] = useState<FleetMap>();
  const [broken, setBroken] = useState<string>();
  const [notice, setNotice] = useState<string>();
  const [lost, setLost] = useState(false);

  useEffect(() => {
    let made: FleetMap | undefined;
    let gone = false;
    const start = async () => {
      await prepareWorker();
      if (gone || container.current === null) return;
      made = new FleetMap({
        container: container.current,
        sources: latest.current,
        notice: setNotice,
        lost: setLost,
      });
      setMap(made);
    };
    start().catch((error: unknown) => {
      // Without a map the page is still worth having, whatever the reason.
      if (!gone) setBroken(sentence(error));
    });
    return () => {
      gone = true;
      setMap(undefined);
      made?.remove();
    };
  }, []);

  useEffect(() => map?.setPast(past), [map, past]);
  useEffect(() => {
    void map?.base.use(mapStyle ?? null);
  }, [map, mapStyle]);

  return (
    <section className="fleet-map" aria-label="Map of the fleet">
      <div className="fleet-map__canvas" ref={container} />
      {broken !== undefined && <p className="fleet-map__sentence">{broken}</p>}
      {lost && (
        <p className="fleet-map__notice" role="alert">
          {LOST}
        </p>
      )}
      {!lost && notice !== undefined && (
        <div className="fleet-map__notice" role="status">
          <span>{notice}</span>
          {mapStyle != null && (
            <button type="button" onClick={() => void map?.base.use(mapStyle)}>
              Try again
            </button>
          )}
          <button type="button" onClick={() => setNotice(undefined)}>
            Close
          </button>
        </div>
      )}
    </section>
  );
}

function sentence(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  if (name === "NoWebGlError" || name === "GPUInitializationError") return NO_WEBGL;
  const reason = error instanceof Error ? error.message : String(error);
  return `There is no map: ${reason}. List and values work.`;
}
