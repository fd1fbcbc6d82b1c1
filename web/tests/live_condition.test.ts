import { describe, expect, test } from "vitest";
import { Channels } from "../src/live/channels";
import { type Condition, stateOf } from "../src/live/condition";
import type { DroneState } from "../src/live/protocol";
import { droneWith, iso, NOW_MS, sampleOf } from "./support/drones";

const channels = new Channels();
channels.set([{ name: "heartbeat", description: "", fields: [], stale_after_s: 3 }]);

const condition = (different: Partial<DroneState>, heardMs = NOW_MS): Condition =>
  stateOf(droneWith(different), heardMs, channels);

test("a drone that flies and is well is normal, without a word", () => {
  expect(condition({})).toEqual({
    state: "normal",
    tone: "quiet",
    reasons: [],
    flying: true,
    ageMs: 0,
  });
});

describe("battery", () => {
  test.each([
    [16, "normal"],
    [15, "warning"],
    [8, "warning"],
    [7, "critical"],
    [0, "critical"],
  ])("with %i percent it is %s", (percent, state) => {
    expect(condition({ battery: { percent, voltage: null } }).state).toBe(state);
  });

  test("the charge is told", () => {
    expect(condition({ battery: { percent: 14, voltage: null } }).reasons).toEqual([
      "battery 14 %",
    ]);
  });

  test("one that tells no charge asks for nothing", () => {
    expect(condition({ battery: { percent: null, voltage: 15 } }).state).toBe("normal");
  });
});

test("a failsafe is critical, and named before what is less urgent", () => {
  expect(
    condition({ failsafe: "critical", battery: { percent: 14, voltage: null } }),
  ).toMatchObject({ state: "critical", tone: "critical", reasons: ["failsafe", "battery 14 %"] });
  expect(condition({ failsafe: "emergency" }).reasons).toEqual(["emergency"]);
});

describe("an autopilot that is not heard", () => {
  test("is critical while armed, a warning else", () => {
    expect(condition({ link: "down" })).toMatchObject({ state: "critical" });
    expect(condition({ link: "down", armed: false, landed: "on_ground" })).toMatchObject({
      state: "warning",
      reasons: ["autopilot not heard"],
    });
  });

  test("is not lost, however long: its agent is there", () => {
    expect(condition({ link: "down" }, NOW_MS + 600_000).state).toBe("critical");
  });
});

describe("GPS", () => {
  const withFix = (fix: number, armed: boolean) => {
    const drone = droneWith({ armed });
    drone.take(sampleOf("d-1", "gps", { fix_type: fix }));
    return stateOf(drone, NOW_MS, channels);
  };

  test("a fix below 3D is a warning while armed", () => {
    expect(withFix(2, true)).toMatchObject({ state: "warning", reasons: ["GPS fix only 2D"] });
    expect(withFix(3, true).state).toBe("normal");
  });

  test("and nothing on a bench", () => {
    expect(withFix(0, false).state).toBe("normal");
  });
});

test("a clock that is off is a warning, and the age is corrected by it", () => {
  const found = condition({ clock_error_s: 3600, last_sample: iso(NOW_MS - 3_600_000) });
  expect(found).toMatchObject({
    state: "warning",
    reasons: ["clock 1 h 00 min behind"],
    ageMs: 0,
  });
});

describe("a drone that is not heard though it is online", () => {
  test("is normal up to five times the heartbeat's stale limit, then lost", () => {
    expect(condition({}, NOW_MS + 15_000).state).toBe("normal");
    expect(condition({}, NOW_MS + 16_000)).toMatchObject({
      state: "lost",
      tone: "critical",
      reasons: ["no data for 0:16"],
    });
  });

  test("was never heard: no age, and not lost", () => {
    expect(condition({ last_sample: null })).toMatchObject({ state: "normal", ageMs: null });
  });
});

test("a drone whose clock is ahead is lost as soon after its last word as any other", () => {
  let localMs = NOW_MS;
  const drone = droneWith({ last_sample: iso(NOW_MS + 25_000) }, () => localMs);
  drone.take(sampleOf("d-1", "heartbeat", {}, NOW_MS + 25_000));
  localMs += 16_000;
  expect(stateOf(drone, localMs, channels)).toMatchObject({ state: "lost", ageMs: 16_000 });
});

describe("presence", () => {
  test("lost in flight is critical, lost on the ground is quiet", () => {
    expect(condition({ presence: "lost" })).toMatchObject({ state: "lost", tone: "critical" });
    expect(condition({ presence: "lost", armed: false, landed: "on_ground" })).toMatchObject({
      state: "lost",
      tone: "quiet",
    });
  });

  test("an agent that was stopped is offline, nothing is wrong", () => {
    expect(
      condition({ presence: "offline", armed: false, landed: "on_ground", failsafe: "critical" }),
    ).toMatchObject({ state: "offline", tone: "quiet", flying: false });
  });

  test("an agent that was stopped in flight is lost", () => {
    expect(condition({ presence: "offline" })).toMatchObject({
      state: "lost",
      tone: "critical",
      reasons: ["agent stopped in flight"],
    });
  });

  test("one that nobody saw since the server started is offline", () => {
    const parked = { armed: false, landed: "on_ground" } as const;
    expect(condition({ presence: "unknown", ...parked })).toMatchObject({
      state: "offline",
      tone: "quiet",
    });
  });

  test("one that is no longer heard in flight is lost, and counts as flying", () => {
    expect(condition({ presence: "unknown" })).toMatchObject({
      state: "lost",
      tone: "critical",
      reasons: ["not heard while in flight"],
      flying: true,
    });
    expect(condition({ presence: "unknown", landed: "on_ground" })).toMatchObject({
      state: "lost",
      tone: "critical",
      reasons: ["not heard while armed"],
    });
  });
});

test("what tells no landed state flies when it is armed", () => {
  expect(condition({ landed: null, armed: true }).flying).toBe(true);
  expect(condition({ landed: null, armed: false }).flying).toBe(false);
  expect(condition({ landed: "on_ground", armed: true }).flying).toBe(false);
  expect(condition({ landed: "takeoff", armed: true }).flying).toBe(true);
});

describe("what stays on the ground or on the water", () => {
  const rover = { vehicle: "rover", landed: null, armed: true };

  test("does not fly, though it is armed", () => {
    expect(condition(rover).flying).toBe(false);
  });

  test("is missed all the same when it is lost while armed", () => {
    expect(condition({ ...rover, presence: "lost" })).toMatchObject({
      tone: "critical",
      reasons: ["connection lost while armed"],
    });
  });
});

test("a page that is cut off calls nobody lost for it, and ages go on", () => {
  const found = stateOf(droneWith(), NOW_MS + 1000, channels, NOW_MS + 60_000);
  expect(found).toMatchObject({ state: "normal", ageMs: 60_000 });
});
