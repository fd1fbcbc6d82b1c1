/** A panel that lies over an edge of the map tells the map how much it covers. */

import { type RefObject, useEffect } from "react";
import { usePage } from "../page";
import type { Edges } from "../state/insets";

export function useInset(edge: keyof Edges, panel: RefObject<HTMLElement | null>): void {
  const { insets } = usePage();
  useEffect(() => {
    const element = panel.current;
    if (element === null) return;
    const measure = () => {
      const { width, height } = element.getBoundingClientRect();
      const covered = edge === "left" || edge === "right" ? width : height;
      insets.set({ ...insets.edges, [edge]: covered });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      observer.disconnect();
      insets.set({ ...insets.edges, [edge]: 0 });
    };
  }, [edge, insets, panel]);
}
