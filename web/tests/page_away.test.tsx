// @vitest-environment jsdom
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StateFigures } from "../src/panel/Figures";
import { LinkSection } from "../src/panel/LinkSection";
import { Counts } from "../src/shell/Counts";
import { LinkStatus } from "../src/shell/LinkStatus";
import { ServerAway } from "../src/shell/ServerAway";
import { NOW_MS, sampleOf, stateOfDrone } from "./support/drones";
import { PageInMemory } from "./support/page";

let page: PageInMemory;
let stop: () => void;

beforeEach(() => {
  page = new PageInMemory(() => NOW_MS);
  stop = page.start();
});

afterEach(() => {
  cleanup();
  stop();
});

describe("when the server has lost the broker", () => {
  test("the page says over the map that nothing new comes in", () => {
    render(page.around(<ServerAway />));
    expect(screen.queryByRole("alert")).toBeNull();
    act(() => page.losesBroker());
    expect(screen.getByRole("alert").textContent).toBe(
      "The server has lost the broker: nothing new comes in. Data is as of 10:00:00.",
    );
  });

  test("the counts are those of before", () => {
    render(page.around(<Counts />));
    const counts = screen.getByRole("group");
    expect([counts.dataset.live, counts.title]).toEqual(["true", ""]);
    act(() => page.losesBroker());
    expect([counts.dataset.live, counts.title]).toEqual(["false", "As last heard, not live"]);
  });

  test("the link at the top is not one", () => {
    render(page.around(<LinkStatus />));
    expect(screen.getByRole("status").textContent).toContain("●connected");
    act(() => page.losesBroker());
    expect(screen.getByRole("status").textContent).toContain("○not connected");
    expect(screen.getByTitle(/^Link to the server/).textContent).toContain("broker lost");
  });
});

describe("agent and autopilot in the panel", () => {
  const freshness = (label: string) =>
    screen.getByText(label).parentElement?.querySelector<HTMLElement>(".value")?.dataset.freshness;

  test("are no longer known when the page is cut off", () => {
    render(page.around(<LinkSection origin={page.origin} />));
    expect([freshness("Agent"), freshness("Autopilot")]).toEqual(["fresh", "fresh"]);
    act(() => page.bridge.newest.breaks());
    expect([freshness("Agent"), freshness("Autopilot")]).toEqual(["gone", "gone"]);
    expect(screen.getByRole("heading").textContent).toBe("Link not live");
  });
});

describe("two values in one place, of which one is old", () => {
  let nowMs: number;
  const take = (channel: string, values: Record<string, number>) =>
    page.parts.fleet.drones.get("a")?.take(sampleOf("a", channel, values, nowMs));
  const shown = (label: string) =>
    [
      ...(screen.getByText(label).closest(".figure")?.querySelectorAll<HTMLElement>(".value") ??
        []),
    ].map((value) => [value.querySelector(".value-text")?.textContent, value.dataset.freshness]);
  beforeEach(() => {
    stop();
    nowMs = NOW_MS;
    page = new PageInMemory(() => nowMs);
    stop = page.start();
  });

  test("the voltage is struck by its own age, not by that of the charge", () => {
    take("system", { voltage_battery: 15.2 });
    nowMs += 200_000;
    take("battery", { battery_remaining: 70 });
    render(page.around(<StateFigures origin={page.origin} />));
    expect(shown("Battery")).toEqual([
      ["70", "fresh"],
      ["15.2", "gone"],
    ]);
    expect(screen.getByText("no data for 3:20")).toBeTruthy();
  });

  test("satellites are struck together with the fix that they made", () => {
    take("gps", { fix_type: 3, satellites_visible: 17 });
    nowMs += 200_000;
    render(page.around(<StateFigures origin={page.origin} />));
    expect(shown("GPS")).toEqual([
      ["3D", "gone"],
      ["17", "gone"],
    ]);
  });
});

test("a link that ends at the agent is told in a word that fits", () => {
  const { fleet } = page.parts;
  const drones = [stateOfDrone("a", { link: "down" })];
  fleet.apply({ type: "delta", subscription: "fleet", cursor: "2", drones }, { whole: true });
  render(page.around(<StateFigures origin={page.origin} />));
  const word = screen.getByText("no autopilot").closest("dd");
  expect(word?.dataset.long).toBe("true");
});
