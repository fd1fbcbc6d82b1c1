import { beforeEach, expect, test } from "vitest";
import { rowOf } from "../src/list/row";
import { Channels } from "../src/live/channels";
import { stateOf } from "../src/live/condition";
import type { Drone } from "../src/live/fleet";
import { droneWith, NOW_MS, sampleOf } from "./support/drones";

const channels = new Channels();
channels.set(
  Object.entries({ heartbeat: 3, position: 6, system: 6 }).map(([name, stale_after_s]) => ({
    name,
    description: "",
    fields: [],
    stale_after_s,
  })),
);

let nowMs: number;
let drone: Drone;

beforeEach(() => {
  nowMs = NOW_MS;
  drone = droneWith({}, () => nowMs);
  take("heartbeat", {});
  take("position", { relative_alt: 32 });
  take("system", { battery_remaining: 78 });
});

function take(channel: string, values: Record<string, number>): void {
  drone.take(sampleOf("d-1", channel, values, nowMs));
}

/** The server is heard until `heardMs`. */
function row(heardMs = nowMs) {
  return rowOf(drone, stateOf(drone, heardMs, channels, nowMs), { channels, nowMs });
}

test("what has just come is fresh, without a word of its age", () => {
  expect(row()).toEqual({
    hollow: false,
    battery: { value: 78, freshness: "fresh" },
    altitude: { value: 32, freshness: "fresh" },
    words: "AUTO",
    wordsFreshness: "fresh",
    note: "",
  });
});

test("the charge has its own age: a heartbeat does not make it young", () => {
  nowMs += 10_000;
  take("heartbeat", {});
  take("position", { relative_alt: 30 });
  expect(row()).toMatchObject({
    battery: { value: 78, freshness: "dimmed" },
    altitude: { freshness: "fresh" },
    wordsFreshness: "fresh",
    note: "10 s",
  });
});

test("all of it grows old while the page is cut off, though the drone is not called lost", () => {
  nowMs += 10_000;
  expect(row(NOW_MS)).toMatchObject({
    hollow: false,
    words: "AUTO",
    wordsFreshness: "dimmed",
    battery: { freshness: "dimmed" },
    note: "10 s",
  });
  nowMs += 30_000;
  expect(row(NOW_MS)).toMatchObject({
    wordsFreshness: "gone",
    battery: { freshness: "gone" },
    note: "no data for 0:40",
  });
});

test("that something is gone is said before what is dimmed, though that may be older", () => {
  nowMs += 10_000;
  take("heartbeat", {});
  take("position", { relative_alt: 30 });
  nowMs += 16_000;
  expect(row(NOW_MS)).toMatchObject({
    battery: { freshness: "dimmed" },
    wordsFreshness: "gone",
    note: "no data for 0:16",
  });
});

test("the charge that only the state tells is as old as the state", () => {
  drone = droneWith({}, () => nowMs);
  nowMs += 20_000;
  take("heartbeat", {});
  expect(row().battery).toEqual({ value: 80, freshness: "dimmed" });
});
