// @vitest-environment jsdom
import { afterEach, expect, it, vi } from "vitest";
import { Api } from "../src/api";
import { History } from "../src/history";
import { Channels } from "../src/live/channels";
import { Fleet } from "../src/live/fleet";
import { View } from "../src/state/view";
import { type ValueSource, Values } from "../src/values";
import { stateOfDrone } from "./support/drones";
import { PATIENCE } from "./support/patience";

const START = Date.parse("2026-11-21T10:00:00Z");
const END = START + 60_000;

const live: ValueSource = {
  kind: "live",
  nowMs: () => 0,
  sample: () => undefined,
  ageMs: () => 0,
  instances: () => [],
  doing: () => ({ mode: "LIVE", armed: null, landed: null }),
};

function page(answers: (url: URL) => unknown) {
  const fetch = async (input: RequestInfo | URL) => {
    const answer = answers(new URL(String(input)));
    return answer instanceof Response ? answer : Response.json(answer);
  };
  const api = new Api({ base: "http://bridge/", fetch });
  const view = new View();
  const values = new Values({ live });
  const fleet = new Fleet();
  const history = new History({ api, view, values, channels: new Channels(), fleet });
  /** The drone tells what it has still to send, in seconds of the flight. */
  const tell = (...waiting: [number, number][]) => {
    const backlog = waiting.map(([from, to]) => ({
      from: new Date(START + 1000 * from).toISOString(),
      to: new Date(START + 1000 * to).toISOString(),
      frames: 1,
    }));
    const drones = [stateOfDrone("d1", { backlog }), stateOfDrone("d2")];
    const parts = { subscription: "fleet", cursor: "1", part: 0, more: false } as const;
    fleet.apply({ type: "snapshot", ...parts, drones }, { whole: true });
  };
  return { view, values, history, tell, stop: history.start() };
}

const flight = (url: URL) => {
  if (url.pathname.endsWith("/track")) {
    return {
      type: "Feature",
      geometry: { type: "Point", coordinates: [1, 2, 3] },
      properties: { drone: "d1", times: [url.searchParams.get("start")], relative_alt: [5] },
    };
  }
  if (url.pathname.endsWith("/channels")) {
    return [{ channel: "position", component: 1, instance: "0", first: "", last: "" }];
  }
  if (url.pathname.endsWith("/events")) {
    const time = "2026-11-21T10:00:10.000000Z";
    const data = { from: "GUIDED", to: "AUTO" };
    const event = {
      drone: "d1",
      time,
      kind: "mode",
      severity: 5,
      component: 1,
      text: "AUTO",
      data,
    };
    return { items: [event], truncated: false, next: null };
  }
  const times = ["2026-11-21T10:00:00Z", "2026-11-21T10:00:01Z"];
  const fields = { lat: [2, 4], lon: [1, 1], hdg: [90, 90] };
  const series = [{ component: 1, instance: "0", times, fields }];
  return { series, units: {}, every: null, truncated: false, next: null };
};

afterEach(() => {
  vi.useRealTimers();
});

it("a past flight takes the place of live values until live is shown again", async () => {
  const { view, values, history, stop } = page(flight);
  view.showPast("d1", START, END);
  expect(values.current.kind).toBe("past");
  expect(document.documentElement.dataset.view).toBe("past");
  await vi.waitFor(() => expect(history.loading).toBe(false), PATIENCE);

  view.moveTo(START + 500);
  expect(history.past?.track?.geometry?.type).toBe("Point");
  expect(history.past?.position).toEqual({
    lat: 3,
    lon: 1,
    heading: 90,
    ageMs: 500,
    fresh: "fresh",
  });
  expect(values.current.doing("d1").mode).toBe("GUIDED");
  view.moveTo(START + 10_000);
  expect(values.current.doing("d1").mode).toBe("AUTO");
  expect(history.marks).toHaveLength(1);

  view.showLive();
  expect(values.current.kind).toBe("live");
  expect(history.past).toBeUndefined();
  expect(document.documentElement.dataset.view).toBeUndefined();
  stop();
});

it("the map gets a new object with every moment", () => {
  const { view, history, stop } = page(flight);
  view.showPast("d1", START, END);
  const before = history.past;
  view.moveTo(START + 1);
  expect(history.past).not.toBe(before);
  stop();
});

it("playing moves the moment with the clock times the speed, and ends with the flight", () => {
  vi.useFakeTimers();
  const { view, history, stop } = page(flight);
  view.showPast("d1", START, END);
  history.setSpeed(10);
  history.play();
  vi.advanceTimersByTime(1000);
  expect(view.momentMs - START).toBeGreaterThan(9000);
  expect(view.momentMs - START).toBeLessThan(11_000);
  vi.advanceTimersByTime(10_000);
  expect(view.momentMs).toBe(END);
  expect(history.playing).toBe(false);
  history.play();
  expect(view.momentMs).toBe(START);
  stop();
  expect(history.playing).toBe(false);
});

it("what cannot be loaded is told in words, and the rest still shows", async () => {
  const { view, history, stop } = page((url) =>
    url.pathname.endsWith("/events")
      ? Response.json({ title: "Busy", status: 503, detail: "the store is busy" }, { status: 503 })
      : flight(url),
  );
  view.showPast("d1", START, END);
  await vi.waitFor(() => expect(history.problem).toBe("The store is busy."), PATIENCE);
  await vi.waitFor(() => expect(history.past?.track).toBeDefined(), PATIENCE);
  stop();
});

/** Answers with one change of mode a page, one a second; `pages` of them. */
const manyEvents = (pages: number) => (url: URL) => {
  if (!url.pathname.endsWith("/events")) return flight(url);
  const startMs = Date.parse(url.searchParams.get("start") ?? "");
  const page = Math.max(Math.round((startMs - START) / 1000), 0);
  const iso = (index: number) => new Date(START + 1000 * index).toISOString();
  const data = { from: `M${page - 1}`, to: `M${page}` };
  const event = { drone: "d1", time: iso(page), kind: "mode", severity: 5, component: 1 };
  const next = page + 1 < pages ? iso(page + 1) : null;
  return { items: [{ ...event, text: "mode", data }], truncated: next !== null, next };
};

it("the events of a long flight are read page by page", async () => {
  const { view, values, history, stop } = page(manyEvents(5));
  view.showPast("d1", START, END);
  await vi.waitFor(() => expect(history.loading).toBe(false), PATIENCE);
  expect(history.marks).toHaveLength(5);
  expect(history.eventsUntilMs).toBeUndefined();
  view.moveTo(START + 30_000);
  expect(values.current.doing("d1").mode).toBe("M4");
  stop();
});

it("of a flight with too many events it is told where they end, and no mode after that", async () => {
  const { view, values, history, stop } = page(manyEvents(1000));
  view.showPast("d1", START, END);
  await vi.waitFor(() => expect(history.loading).toBe(false), PATIENCE);
  expect(history.eventsUntilMs).toBe(START + 9000);
  view.moveTo(START + 9000);
  expect(values.current.doing("d1").mode).toBe("M9");
  view.moveTo(START + 30_000);
  expect(values.current.doing("d1").mode).toBeNull();
  stop();
});

it("a flight that is still arriving says where, and is read again as it arrives", async () => {
  const asked: string[] = [];
  const { view, history, tell, stop } = page((url) => {
    asked.push(url.pathname.split("/").at(-1) ?? "");
    return flight(url);
  });
  const tracks = () => asked.filter((each) => each === "track").length;
  tell([-100, -50], [20, 90]);
  view.showPast("d1", START, END);
  const stretch = (from: number, to: number) => ({
    startMs: START + 1000 * from,
    endMs: START + 1000 * to,
  });
  expect(history.arriving).toEqual([stretch(20, 60)]);
  await vi.waitFor(() => expect(history.loading).toBe(false), PATIENCE);
  expect(tracks()).toBe(1);

  // What arrives outside the flight, or is told again, is no reason.
  tell([20, 70]);
  tell([20, 70]);
  expect(tracks()).toBe(1);
  tell([20, 40]);
  expect(history.arriving).toEqual([stretch(20, 40)]);
  expect(tracks()).toBe(2);
  // What arrives meanwhile is read once that is done.
  tell([20, 30]);
  tell();
  expect(history.arriving).toEqual([]);
  expect(tracks()).toBe(2);
  await vi.waitFor(() => expect(tracks()).toBe(3), PATIENCE);
  await vi.waitFor(() => expect(history.loading).toBe(false), PATIENCE);
  expect(tracks()).toBe(3);
  stop();
});
