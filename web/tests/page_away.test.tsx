// @vitest-environment jsdom
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LinkStatus } from "../src/shell/LinkStatus";
import { ServerAway } from "../src/shell/ServerAway";
import { NOW_MS } from "./support/drones";
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

  test("the link at the top is not one", () => {
    render(page.around(<LinkStatus />));
    expect(screen.getByRole("status").textContent).toContain("●connected");
    act(() => page.losesBroker());
    expect(screen.getByRole("status").textContent).toContain("○not connected");
    expect(screen.getByTitle(/^Link to the server/).textContent).toContain("broker lost");
  });
});
