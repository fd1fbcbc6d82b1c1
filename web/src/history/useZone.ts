/** Whether times are told in UTC or in the reader's zone. */

import { useStore } from "../live/hooks";
import { usePage } from "../page";
import type { Zone } from "../state/zone";

/** The page's choice, and how to change it. */
export function useZone(): [Zone, () => void] {
  const { zone } = usePage();
  useStore(zone);
  return [zone.chosen, () => zone.toggle()];
}
