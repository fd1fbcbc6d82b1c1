import { beforeEach, describe, expect, test } from "vitest";
import { Fleet } from "../src/live/fleet";
import type { Delta, DroneState, Snapshot } from "../src/live/protocol";
import { eventOf, NOW_MS, sampleOf, stateOfDrone } from "./support/drones";

let fleet: Fleet;
beforeEach(() => {
  fleet = new Fleet();
});

const whole = (drones: DroneState[], rest: Partial<Snapshot> = {}) =>
  fleet.apply(
    { type: "snapshot", subscription: "fleet", cursor: "1", part: 0, more: false, drones, ...rest },
    { whole: true },
  );
const delta = (rest: Partial<Delta>) =>
  fleet.apply({ type: "delta", subscription: "fleet", cursor: "2", ...rest }, { whole: true });
const names = () => [...fleet.drones.keys()];

describe("who belongs to the fleet", () => {
  test("a snapshot replaces: who is not in it is gone", () => {
    whole([stateOfDrone("a"), stateOfDrone("b")]);
    whole([stateOfDrone("b")]);
    expect(names()).toEqual(["b"]);
  });

  test("a snapshot in parts replaces with its last part", () => {
    whole([stateOfDrone("a"), stateOfDrone("b"), stateOfDrone("c")]);
    whole([stateOfDrone("a")], { more: true });
    expect(names()).toEqual(["a", "b", "c"]);
    whole([stateOfDrone("c")], { part: 1 });
    expect(names()).toEqual(["a", "c"]);
  });

  test("a snapshot of one drone leaves the others alone", () => {
    whole([stateOfDrone("a"), stateOfDrone("b")]);
    const one: Snapshot = {
      type: "snapshot",
      subscription: "selected",
      cursor: "1",
      part: 0,
      more: false,
      drones: [stateOfDrone("a")],
    };
    fleet.apply(one, { whole: false });
    expect(names()).toEqual(["a", "b"]);
  });

  test("who is gone and comes again in one message starts anew", () => {
    whole([stateOfDrone("a")], { samples: [sampleOf("a", "gps", { fix_type: 3 })] });
    delta({ gone: ["a"], drones: [stateOfDrone("a", { fleet: "other" })] });
    expect(fleet.drones.get("a")?.state.fleet).toBe("other");
    expect(fleet.drones.get("a")?.samples.size).toBe(0);
  });

  test("an empty fleet is known to be empty only after a whole snapshot", () => {
    expect(fleet.complete).toBe(false);
    whole([], { more: true });
    expect(fleet.complete).toBe(false);
    whole([], { part: 1 });
    expect(fleet.complete).toBe(true);
  });
});

describe("trails", () => {
  const at = (seconds: number, lat: number) =>
    delta({ samples: [sampleOf("a", "position", { lat, lon: 8 }, NOW_MS + 1000 * seconds)] });
  const trail = () => fleet.drones.get("a")?.trail.filter((_, index) => index % 3 === 1);
  beforeEach(() => whole([stateOfDrone("a")]));

  test("take a position every half second", () => {
    at(0, 1);
    at(0.2, 2);
    at(0.6, 3);
    expect(trail()).toEqual([1, 3]);
  });

  test("start anew when the drone's clock is set back", () => {
    at(3600, 1);
    at(0, 2);
    at(1, 3);
    expect(trail()).toEqual([2, 3]);
  });

  test("do not run through the place of no fix", () => {
    delta({ samples: [sampleOf("a", "position", { lat: 0, lon: 0 })] });
    expect(trail()).toEqual([]);
  });
});

describe("the age of what a drone told, with its clock 20 s ahead", () => {
  const AHEAD_MS = 20_000;
  let localMs: number;
  const position = (fromStartMs: number) =>
    sampleOf("a", "position", { lat: 1, lon: 8 }, NOW_MS + AHEAD_MS + fromStartMs);
  const ageMs = () => {
    const drone = fleet.drones.get("a");
    const sample = drone?.samples.get("position/1/0");
    return drone && sample && drone.ageMs(sample, localMs);
  };
  beforeEach(() => {
    localMs = NOW_MS;
    fleet = new Fleet({ localMs: () => localMs });
    whole([stateOfDrone("a")]);
  });

  test("grows from its arrival on", () => {
    delta({ samples: [position(0)] });
    expect(ageMs()).toBe(0);
    localMs += 8000;
    expect(ageMs()).toBe(8000);
  });

  test("is not that of the snapshot that tells it again", () => {
    delta({ samples: [position(0)] });
    localMs += 8000;
    whole([stateOfDrone("a")], { samples: [position(0)] });
    expect(ageMs()).toBe(8000);
    delta({ samples: [position(8000)] });
    expect(ageMs()).toBe(0);
  });

  test("of an old sample in a first snapshot is its own", () => {
    whole([stateOfDrone("a")], { samples: [position(-60_000)] });
    expect(ageMs()).toBe(40_000);
  });
});

describe("events", () => {
  beforeEach(() => whole([stateOfDrone("a")]));

  test("told by two subscriptions are one", () => {
    delta({ events: [eventOf("a", "Armed")] });
    delta({ events: [eventOf("a", "Armed")] });
    expect(fleet.events).toHaveLength(1);
    expect(fleet.drones.get("a")?.events).toHaveLength(1);
  });

  test("stand by their time, also those that come late", () => {
    delta({ events: [eventOf("a", "second", NOW_MS + 1000)] });
    delta({ events: [eventOf("a", "first", NOW_MS)] });
    expect(fleet.events.map(({ text }) => text)).toEqual(["first", "second"]);
  });

  test("of a drone whose clock is ahead are not the newest for as long as it is", () => {
    let nowMs = NOW_MS;
    fleet = new Fleet({ nowMs: () => nowMs });
    whole([stateOfDrone("a"), stateOfDrone("b"), stateOfDrone("c", { clock_error_s: -3600 })]);
    delta({ events: [eventOf("b", "20 s ahead", NOW_MS + 20_000)] });
    delta({ events: [eventOf("c", "an hour ahead", NOW_MS + 3_600_000)] });
    nowMs += 1000;
    delta({ events: [eventOf("a", "right", NOW_MS + 900)] });
    expect(fleet.events.map(({ text }) => text)).toEqual(["20 s ahead", "an hour ahead", "right"]);
  });

  test("of a drone whose clock is behind are not buried", () => {
    whole([stateOfDrone("a"), stateOfDrone("c", { clock_error_s: 3600 })]);
    delta({ events: [eventOf("a", "first", NOW_MS)] });
    delta({ events: [eventOf("c", "second", NOW_MS + 1000 - 3_600_000)] });
    expect(fleet.events.map(({ text }) => text)).toEqual(["first", "second"]);
  });

  test("are kept up to a bound, the newest", () => {
    for (let count = 0; count < 600; count += 1) {
      delta({ events: [eventOf("a", `${count}`, NOW_MS + count)] });
    }
    expect(fleet.events).toHaveLength(500);
    expect(fleet.events.at(-1)?.text).toBe("599");
    expect(fleet.drones.get("a")?.events).toHaveLength(100);
  });
});
