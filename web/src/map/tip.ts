/** A few words next to the pointer: which drone, what is wrong with it, who is in a cluster. */

import { ageText } from "../live/age";
import type { Condition } from "../live/condition";
import type { Mark } from "./marks";

const OFFSET_PX = 18;
const WORDS: Record<Condition["state"], string> = {
  critical: "critical",
  lost: "lost",
  warning: "with a warning",
  normal: "well",
  offline: "offline",
};

export type Hit = { mark: Mark } | { cluster: { members: readonly Mark[] } };

export class Tip {
  private readonly element = document.createElement("div");

  constructor(container: HTMLElement) {
    this.element.className = "fleet-map__tip";
    this.element.hidden = true;
    container.append(this.element);
  }

  show(hit: Hit, { x, y }: { x: number; y: number }): void {
    this.element.textContent =
      "cluster" in hit ? clusterText(hit.cluster.members) : markText(hit.mark);
    this.element.style.transform = `translate(${x + OFFSET_PX}px, ${y + OFFSET_PX}px)`;
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
  }

  remove(): void {
    this.element.remove();
  }
}

export function markText(mark: Mark): string {
  const words = [...(mark.condition?.reasons ?? [])];
  const age = Number.isFinite(mark.ageMs) ? ageText(mark.ageMs, mark.fresh) : "";
  if (age !== "" && !words.some((reason) => reason.startsWith("no data"))) {
    words.push(mark.fresh === "gone" ? age : `position ${age} old`);
  }
  return words.length === 0 ? mark.id : `${mark.id}: ${words.join(", ")}`;
}

/** "214 drones: 1 critical, 3 with a warning". */
export function clusterText(members: readonly Mark[]): string {
  const counts = new Map<Condition["state"], number>();
  for (const { condition } of members) {
    if (condition === undefined) continue;
    counts.set(condition.state, (counts.get(condition.state) ?? 0) + 1);
  }
  const parts = (["critical", "lost", "warning", "offline"] as const)
    .filter((state) => counts.has(state))
    .map((state) => `${counts.get(state)} ${WORDS[state]}`);
  return `${members.length} drones: ${parts.length === 0 ? "all well" : parts.join(", ")}`;
}
