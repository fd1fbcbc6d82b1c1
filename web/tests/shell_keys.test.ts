// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Page } from "../src/page";
import { followKeys, KEYS } from "../src/shell/keys";
import { NOW_MS, stateOfDrone } from "./support/drones";
import { PageInMemory } from "./support/page";

let page: PageInMemory;
let stops: (() => void)[];

beforeEach(() => {
  localStorage.clear();
  page = new PageInMemory(() => NOW_MS, { narrow: true });
  stops = [page.start(), followKeys(page.parts as Page, () => undefined)];
  const { fleet, overview } = page.parts;
  const drones = ["a", "b", "c"].map((id) => stateOfDrone(id));
  fleet.apply({ type: "delta", subscription: "fleet", cursor: "2", drones }, { whole: true });
  overview.update();
});

afterEach(() => {
  for (const stop of stops) stop();
});

const press = (key: string, different: KeyboardEventInit = {}) =>
  document.body.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...different }),
  );

describe("while the list is a closed drawer", () => {
  test("the arrows go through the drones all the same, and it stays closed", () => {
    const { selection, panels } = page.parts;
    press("ArrowDown");
    expect(selection.drones).toEqual(["a"]);
    press("ArrowDown");
    expect(selection.drones).toEqual(["b"]);
    press("ArrowUp");
    expect(selection.drones).toEqual(["a"]);
    expect(panels.isOpen("list")).toBe(false);
  });

  test("they go through those that are looked for only", () => {
    const { selection, filter } = page.parts;
    filter.set({ search: "c" });
    press("ArrowDown");
    expect(selection.drones).toEqual(["c"]);
  });
});

test("brackets fold the sides, also where they are on AltGr", () => {
  const { panels, selection } = page.parts;
  press("[");
  expect(panels.isOpen("list")).toBe(true);
  press("[", { ctrlKey: true, altKey: true, modifierAltGraph: true });
  expect(panels.isOpen("list")).toBe(false);
  press("[", { ctrlKey: true });
  expect(panels.isOpen("list")).toBe(false);
  selection.set(["a"]);
  panels.set("panel", true);
  press("]");
  expect(panels.isOpen("panel")).toBe(false);
});

test.each(["h", "r", "l"])("%s does nothing: it belongs to what an aircraft is told", (key) => {
  expect(KEYS.map(([each]) => each.toLowerCase())).not.toContain(key);
  const { panels, selection } = page.parts;
  const before = [panels.revision(), selection.revision()];
  expect(press(key)).toBe(true);
  expect(press(key.toUpperCase())).toBe(true);
  expect([panels.revision(), selection.revision()]).toEqual(before);
});
