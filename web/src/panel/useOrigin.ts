/** Where the panel's values come from, drawn again five times a second at most. */

import { useStore, useTick, VALUES_MS } from "../live/hooks";
import { usePage } from "../page";
import type { Origin } from "../readings/reading";

export function useOrigin(drone: string): Origin {
  const { values, view, channels } = usePage();
  useStore(values);
  useStore(view);
  useTick(VALUES_MS);
  // A past flight is one drone's; another one's panel stays live.
  const past = view.mode.kind === "past" && view.mode.drone === drone;
  return { drone, channels, source: past ? values.current : values.live };
}
