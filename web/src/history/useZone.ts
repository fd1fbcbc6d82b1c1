/** Whether times are told in UTC or in the reader's zone; remembered by the browser. */

import { useState } from "react";
import type { Zone } from "./times";

const KEY = "aerostream.zone";

export function useZone(): [Zone, () => void] {
  const [zone, setZone] = useState<Zone>(() =>
    localStorage.getItem(KEY) === "local" ? "local" : "utc",
  );
  const toggle = () => {
    const next = zone === "utc" ? "local" : "utc";
    localStorage.setItem(KEY, next);
    setZone(next);
  };
  return [zone, toggle];
}
