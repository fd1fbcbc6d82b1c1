/** The tab's title says what asks for attention and whether the past is shown, for who looks elsewhere. */

import type { Page } from "../page";

/** Returns how to stop. */
export function followTitle({ overview, view }: Pick<Page, "overview" | "view">): () => void {
  const follow = () => {
    const { critical, urgentlyLost } = overview.counts;
    const { mode } = view;
    const parts = [
      critical && `${critical} critical`,
      urgentlyLost && `${urgentlyLost} lost`,
      mode.kind === "past" && `PAST · ${mode.drone}`,
      "AeroStream",
    ];
    const title = parts.filter(Boolean).join(" · ");
    if (document.title !== title) document.title = title;
  };
  const stops = [overview.subscribe(follow), view.subscribe(follow)];
  return () => {
    for (const stop of stops) stop();
  };
}
