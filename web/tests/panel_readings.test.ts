import { beforeEach, describe, expect, test } from "vitest";
import { Channels } from "../src/live/channels";
import { Clock } from "../src/live/clock";
import { Fleet } from "../src/live/fleet";
import type { Value } from "../src/live/protocol";
import { LiveValues } from "../src/live/source";
import {
  cellVoltages,
  climbRate,
  distanceFromHome,
  estimatorHealth,
  gpsOf,
  groundSpeed,
  mainBattery,
  vibrationHealth,
  windOf,
} from "../src/panel/derived";
import { backlogText } from "../src/panel/LinkSection";
import { firstOf, NOTHING, type Origin, reading } from "../src/readings/reading";
import { NOW_MS, sampleOf, stateOfDrone } from "./support/drones";

let fleet: Fleet;
let nowMs: number;
let origin: Origin;

beforeEach(() => {
  nowMs = NOW_MS;
  fleet = new Fleet();
  const channels = new Channels();
  channels.set([{ name: "position", description: "", fields: [], stale_after_s: 6 }]);
  origin = {
    drone: "a",
    channels,
    source: new LiveValues({ fleet, clock: new Clock(() => nowMs) }),
  };
  fleet.apply(
    {
      type: "snapshot",
      subscription: "fleet",
      cursor: "1",
      part: 0,
      more: false,
      drones: [stateOfDrone("a")],
    },
    { whole: true },
  );
});

function take(channel: string, values: Record<string, Value>): void {
  fleet.drones.get("a")?.take(sampleOf("a", channel, values));
}

describe("a reading", () => {
  test("grows old by itself", () => {
    take("position", { relative_alt: 32.4 });
    expect(reading(origin, "position", "relative_alt")).toMatchObject({
      value: 32.4,
      freshness: "fresh",
      note: "",
    });
    nowMs += 8000;
    expect(reading(origin, "position", "relative_alt")).toMatchObject({
      freshness: "dimmed",
      note: "8 s",
    });
    nowMs += 30_000;
    expect(reading(origin, "position", "relative_alt")).toMatchObject({
      freshness: "gone",
      note: "no data for 0:38",
    });
  });

  test("of a channel that never came is nothing", () => {
    expect(reading(origin, "position", "relative_alt")).toEqual(NOTHING);
  });

  test("the first that has a value counts", () => {
    const known = { ...NOTHING, value: 5 };
    expect(firstOf(NOTHING, known)).toBe(known);
  });
});

test("speed and climb come from the position, else from the head-up display", () => {
  take("vfr", { groundspeed: 9, climb: 1 });
  expect([groundSpeed(origin).value, climbRate(origin).value]).toEqual([9, 1]);
  take("position", { vx: 3, vy: -4, vz: -0.5 });
  expect([groundSpeed(origin).value, climbRate(origin).value]).toEqual([5, 0.5]);
});

test("the distance from home is along the ground, and unknown without a home", () => {
  take("position", { lat: 47, lon: 8 });
  expect(distanceFromHome(origin).value).toBeNull();
  take("home", { latitude: 47.001, longitude: 8 });
  expect(distanceFromHome(origin).value).toBeCloseTo(111.2, 1);
});

test("the charge comes from the battery's own message, else from the system's", () => {
  take("system", { battery_remaining: 60, voltage_battery: 15.2 });
  expect(mainBattery(origin).percent.value).toBe(60);
  take("battery", { battery_remaining: 58, voltages_0: 3.8, voltages_1: 3.7 });
  expect(mainBattery(origin).percent.value).toBe(58);
  expect(mainBattery(origin).voltage.value).toBe(15.2);
});

test("cells that do not exist are left out", () => {
  expect(cellVoltages({ voltages_0: 3.8, voltages_1: null, voltages_2: 65.534 })).toEqual([3.8]);
});

test("a poor GPS fix asks for attention while armed, in words", () => {
  take("gps", { fix_type: 2, satellites_visible: 5, eph: 3.1 });
  expect(gpsOf(origin)).toMatchObject({ word: "2D", satellites: 5, hdop: 3.1, tone: "warning" });
});

describe("health", () => {
  test.each([
    [0.2, "good"],
    [0.6, "uncertain"],
    [0.9, "bad"],
  ])("a worst variance of %f is %s with ArduPilot", (worst, word) => {
    take("ekf", { velocity_variance: 0.1, compass_variance: worst });
    expect(estimatorHealth(origin).word).toBe(word);
  });

  test("PX4's ratios have their limit at one", () => {
    take("estimator", { vel_ratio: 0.1, mag_ratio: 0.9 });
    expect(estimatorHealth(origin).word).toBe("uncertain");
  });

  test.each([
    [12, "normal"],
    [45, "high"],
    [70, "very high"],
  ])("vibration of %i m/s/s is %s", (worst, word) => {
    take("vibration", { vibration_x: 3, vibration_z: worst });
    expect(vibrationHealth(origin).word).toBe(word);
  });
});

test("PX4's wind vector is told by where it comes from", () => {
  take("wind_cov", { wind_x: 0, wind_y: -5 });
  expect(windOf(origin).speed.value).toBe(5);
  expect(windOf(origin).direction.value).toBeCloseTo(90);
});

test("what is still to arrive is told by its times", () => {
  const stretch = (from: string, to: string) => ({
    from: `2026-11-21T${from}Z`,
    to: `2026-11-21T${to}Z`,
    frames: 4,
  });
  expect(
    backlogText([stretch("09:02:00", "09:05:10"), stretch("09:40:00", "09:40:30")], NOW_MS, "utc"),
  ).toBe("09:02–09:05, 09:40 (3:40 in all)");
  const many = [1, 2, 3, 4, 5, 6].map((at) => stretch(`09:0${at}:00`, `09:0${at}:10`));
  expect(backlogText(many, NOW_MS, "utc")).toBe(
    "2 older, 09:03, 09:04, 09:05, 09:06 (1:00 in all)",
  );
});
