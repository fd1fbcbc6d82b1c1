/** How React components follow the plain stores: at a bounded rate, never by the sample. */

import { useEffect, useReducer, useSyncExternalStore } from "react";
import type { Store } from "../state/store";

/** Flight values are drawn five times a second. */
export const VALUES_MS = 200;

/** Draw the component again at this interval, milliseconds. */
export function useTick(intervalMs: number): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(again, intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs]);
}

/** Draw the component again when the store changes. */
export function useStore(store: Pick<Store, "subscribe" | "revision">): void {
  useSyncExternalStore(store.subscribe, store.revision);
}
