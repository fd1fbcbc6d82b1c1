/** A panel that lies over an edge of the map tells the map how much it covers. */

import { type RefObject, useEffect } from "react";
import { usePage } from "../page";
import type { Edges } from "../state/insets";

/** A panel this wide lies across the whole map: a sheet at its lower edge, on a phone. */
const WHOLE = 0.9;

export function useInset(edge: keyof Edges, panel: RefObject<HTMLElement | null>): void {
  const { insets } = usePage();
  useEffect(() => {
    const element = panel.current;
    if (element === null) return;
    const measure = () => insets.cover(panel, coveredBy(element, edge));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      observer.disconnect();
      insets.uncover(panel);
    };
  }, [edge, insets, panel]);
}

function coveredBy(element: HTMLElement, edge: keyof Edges): Partial<Edges> {
  const { width, height } = element.getBoundingClientRect();
  const { clientWidth, clientHeight } = element.parentElement ?? element;
  if (edge === "top" || edge === "bottom") return { [edge]: height };
  if (width < WHOLE * clientWidth) return { [edge]: width };
  // Of a map that is covered altogether nothing can be kept clear.
  return height < WHOLE * clientHeight ? { bottom: height } : {};
}
