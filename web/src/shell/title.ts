/** The tab's title says what asks for attention, for who looks elsewhere. */

import type { Page } from "../page";

/** Returns how to stop. */
export function followTitle({ overview }: Pick<Page, "overview">): () => void {
  return overview.subscribe(() => {
    const { critical, urgentlyLost } = overview.counts;
    const urgent = [
      critical && `${critical} critical`,
      urgentlyLost && `${urgentlyLost} lost`,
    ].filter(Boolean);
    const title = [...urgent, "AeroStream"].join(" · ");
    if (document.title !== title) document.title = title;
  });
}
