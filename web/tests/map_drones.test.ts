import { describe, expect, test } from "vitest";
import type { Condition } from "../src/live/condition";
import { type Drone, Fleet } from "../src/live/fleet";
import type { DroneState, Sample } from "../src/live/protocol";
import { unwrapped } from "../src/map/base/natural_earth";
import { labelOf } from "../src/map/draw/fleet_layers";
import { cellOf, shapeOf } from "../src/map/icons";
import { Mark, Marks } from "../src/map/marks";
import { mercatorX, mercatorY, Screen, unitsPerMetre } from "../src/map/mercator";
import { aheadMs, ringMetres, turned } from "../src/map/motion";
import { Trail } from "../src/map/trails";
import { Selection } from "../src/state/selection";

const STALE_MS = 6000;
const START_MS = Date.UTC(2026, 0, 1);
const LAT = 47.4;
const METRE = unitsPerMetre(LAT);

function state(changes: Partial<DroneState> = {}): DroneState {
  return {
    drone: "d-1",
    fleet: "demo",
    first_seen: null,
    presence: "online",
    presence_since: null,
    link: "up",
    vehicle: "copter",
    autopilot: "ardupilot",
    firmware: null,
    system_id: 1,
    agent_version: null,
    rate_policy: null,
    mode: "AUTO",
    armed: true,
    landed: "in_air",
    mission_item: null,
    failsafe: null,
    battery: null,
    position: null,
    state_time: null,
    backlog: [],
    last_sample: null,
    clock_error_s: null,
    ...changes,
  };
}

function position(afterMs: number, values: Sample["values"]): Sample {
  const time = new Date(START_MS + afterMs).toISOString().replace("Z", "000Z");
  return { drone: "d-1", channel: "position", component: 1, instance: "0", time, values };
}

function fleetOf(changes: Partial<DroneState> = {}): Fleet {
  const fleet = new Fleet();
  tell(fleet, [], [state(changes)]);
  return fleet;
}

function tell(fleet: Fleet, samples: Sample[], drones: DroneState[] = []): void {
  fleet.apply({ type: "delta", subscription: "f", cursor: "", drones, samples }, { whole: true });
}

function markOf(fleet: Fleet): Mark {
  const drone = fleet.drones.get("d-1");
  if (drone === undefined) throw new Error("the fleet has no d-1");
  return new Mark("d-1", drone);
}

const SCREEN = new Screen({
  lon: 8.5,
  lat: LAT,
  zoom: 17,
  bearing: 0,
  centreX: 500,
  centreY: 500,
  width: 1000,
  height: 1000,
});

/** Metres north of where it was at the start, as drawn. */
function drawnNorth(mark: Mark, afterMs: number): number {
  mark.place(START_MS + afterMs, 16, STALE_MS, SCREEN);
  return (mercatorY(LAT) - mark.shownY) / METRE;
}

describe("a drone on the map", () => {
  test("moves on between two samples with the speed of the newer one", () => {
    const fleet = fleetOf();
    tell(fleet, [position(0, { lat: LAT, lon: 8.5, vx: 10, vy: 0, hdg: 0 })]);
    const mark = markOf(fleet);
    mark.read(START_MS);
    expect(drawnNorth(mark, 500)).toBeCloseTo(5, 3);
  });

  test("waits after two seconds without a sample, and is back where it was reported once stale", () => {
    const fleet = fleetOf();
    tell(fleet, [position(0, { lat: LAT, lon: 8.5, vx: 10, vy: 0, hdg: 0 })]);
    const mark = markOf(fleet);
    mark.read(START_MS);
    expect(drawnNorth(mark, 3000)).toBeCloseTo(20, 2);
    expect(drawnNorth(mark, 5900)).toBeCloseTo(20, 2);
    drawnNorth(mark, 6100);
    expect(mark.fresh).toBe("dimmed");
    expect(drawnNorth(mark, 9000)).toBeCloseTo(0, 2);
  });

  test("does not jump when a sample corrects it, and gets there within a second", () => {
    const fleet = fleetOf();
    tell(fleet, [position(0, { lat: LAT, lon: 8.5, vx: 10, vy: 0, hdg: 0 })]);
    const mark = markOf(fleet);
    mark.read(START_MS);
    const before = drawnNorth(mark, 1000);
    tell(fleet, [position(1000, { lat: LAT, lon: 8.5, vx: 0, vy: 0, hdg: 0 })]);
    mark.read(START_MS + 1000);
    expect(drawnNorth(mark, 1001)).toBeCloseTo(before, 0);
    expect(drawnNorth(mark, 2000)).toBeCloseTo(0, 6);
  });

  test("appears at once at a place far from the last one", () => {
    const fleet = fleetOf();
    tell(fleet, [position(0, { lat: LAT, lon: 8.5, vx: 0, vy: 0, hdg: 0 })]);
    const mark = markOf(fleet);
    mark.read(START_MS);
    drawnNorth(mark, 10);
    tell(fleet, [position(1000, { lat: LAT + 0.01, lon: 8.5, vx: 0, vy: 0, hdg: 0 })]);
    mark.read(START_MS + 1000);
    expect(drawnNorth(mark, 1000)).toBeGreaterThan(1100);
  });

  test("whose clock is an hour late is as fresh as any other", () => {
    const fleet = fleetOf({ clock_error_s: 3600 });
    tell(fleet, [position(-3_600_000, { lat: LAT, lon: 8.5, vx: 0, vy: 0, hdg: 0 })]);
    const mark = markOf(fleet);
    mark.read(START_MS);
    drawnNorth(mark, 100);
    expect(mark.fresh).toBe("fresh");
  });

  test("that tells 0, 0 has no place, and keeps the one it had", () => {
    const fleet = fleetOf();
    tell(fleet, [position(0, { lat: 0, lon: 0, hdg: null })]);
    const mark = markOf(fleet);
    mark.read(START_MS);
    expect(mark.placed).toBe(false);
    tell(fleet, [position(1000, { lat: LAT, lon: 8.5, hdg: 90 })]);
    mark.read(START_MS + 1000);
    tell(fleet, [position(2000, { lat: 0, lon: 0, hdg: 90 })]);
    mark.read(START_MS + 2000);
    expect(mark.placed).toBe(true);
    expect(mark.x).toBeCloseTo(mercatorX(8.5), 12);
  });

  test("without samples is where its state said", () => {
    const fleet = fleetOf({
      position: { lat: LAT, lon: 8.5, alt: 400, relative_alt: 10, heading: 45 },
      state_time: "2026-01-01T00:00:00.000000Z",
    });
    const mark = markOf(fleet);
    mark.read(START_MS);
    expect(drawnNorth(mark, 0)).toBeCloseTo(0, 6);
    expect(mark.altitude).toBe(10);
  });
});

describe("where a silent drone may be", () => {
  const GONE_MS = 5 * STALE_MS + 1000;

  function silent(changes: Partial<DroneState>, condition: Partial<Condition>): Mark {
    const fleet = fleetOf(changes);
    tell(fleet, [position(0, { lat: LAT, lon: 8.5, vx: 10, vy: 0, hdg: 0 })]);
    const mark = markOf(fleet);
    mark.read(START_MS);
    mark.condition = {
      state: "normal",
      tone: "quiet",
      reasons: [],
      flying: false,
      ageMs: 0,
      ...condition,
    };
    return mark;
  }

  test.each<[string, Partial<DroneState>, Partial<Condition>, boolean]>([
    ["lost in the air", {}, { state: "lost", tone: "critical" }, true],
    ["normal when the page was cut off", {}, { state: "normal" }, true],
    ["not seen since the server started", { presence: "unknown" }, { state: "offline" }, true],
    ["armed on the ground", { landed: "on_ground" }, { state: "offline" }, true],
    ["in the air, arming unknown", { armed: null }, { state: "offline" }, true],
    ["on the ground", { armed: false, landed: "on_ground" }, { state: "offline" }, false],
  ])("is told of one %s", (_, changes, condition, told) => {
    const mark = silent(changes, condition);
    drawnNorth(mark, 5 * STALE_MS - 1000);
    expect(mark.isMissing).toBe(false);
    drawnNorth(mark, GONE_MS);
    expect(mark.isMissing).toBe(told);
    expect(labelOf(mark)).toBe(told ? "d-1  no data for 0:31" : "d-1  offline");
  });
});

describe("motion", () => {
  test("of stale data is none", () => {
    expect(aheadMs(STALE_MS, STALE_MS)).toBe(0);
    expect(aheadMs(-500, STALE_MS)).toBe(0);
  });

  test("of a silent drone widens a ring with its last speed, up to a bound", () => {
    expect(ringMetres(30_000, 12)).toBe(360);
    expect(ringMetres(10_000, 0)).toBe(10);
    expect(ringMetres(86_400_000, 30)).toBe(5000);
  });

  test("turns the short way across north", () => {
    const step = turned(0.1, 2 * Math.PI - 0.1, 100);
    expect(step).toBeLessThan(0.1);
    expect(step).toBeGreaterThan(-0.1);
  });
});

describe("icons", () => {
  test.each([
    ["copter", "copter"],
    ["helicopter", "copter"],
    ["plane", "plane"],
    ["rover", "rover"],
    ["boat", "boat"],
    ["vehicle-99", "arrow"],
    [null, "arrow"],
  ])("of a %s is a %s", (vehicle, shape) => {
    expect(shapeOf(vehicle, 10)).toBe(shape);
  });

  test("without a heading point nowhere", () => {
    expect(shapeOf("plane", null)).toBe("disc");
    expect(cellOf("disc")).toBeGreaterThan(0);
  });
});

describe("a trail", () => {
  const screen = { toX: (x: number) => x * 1e9, toY: (_x: number, y: number) => y * 1e9 };
  type Head = Parameters<Trail["forEachPiece"]>[0]["head"];

  function ends(trail: Trail, head: Head): [number, number][] {
    const found: [number, number][] = [];
    trail.forEachPiece({ screen, leastPx: 0, head }, (_x0, _y0, x1, y1) => found.push([x1, y1]));
    return found;
  }

  function pieces(trail: Trail): number {
    return ends(trail, undefined).length;
  }

  test("reaches the icon, wherever that is drawn, unless too long ago for the line to be its way", () => {
    const fleet = fleetOf();
    const trail = new Trail();
    for (const ms of [0, 1000, 2000]) {
      tell(fleet, [position(ms, { lat: LAT + ms * 1e-8, lon: 8.5 })]);
    }
    const drone = fleet.drones.get("d-1") as Drone;
    trail.sync(drone);
    const timeMs = trail.points.at(-1) as number;
    const head = { screenX: 7, screenY: 9, timeMs: timeMs + 900 };
    expect(ends(trail, head).at(-1)).toEqual([7, 9]);
    expect(ends(trail, head)).toHaveLength(pieces(trail) + 1);
    expect(ends(trail, { ...head, timeMs: timeMs + 60_000 })).toHaveLength(pieces(trail));
    expect(ends(new Trail(), head)).toEqual([]);
  });

  test("grows with the drone's and keeps five minutes", () => {
    const fleet = fleetOf();
    const trail = new Trail();
    for (let second = 0; second < 400; second += 1) {
      tell(fleet, [position(1000 * second, { lat: LAT + second * 1e-5, lon: 8.5 })]);
      const drone = fleet.drones.get("d-1");
      if (drone !== undefined) trail.sync(drone);
    }
    expect(trail.points).toHaveLength(3 * 301);
    expect(pieces(trail)).toBe(300);
  });

  test("goes with its drone", () => {
    const fleet = fleetOf();
    tell(fleet, [position(0, { lat: LAT, lon: 8.5 }), position(1000, { lat: LAT, lon: 8.6 })]);
    const marks = new Marks({
      fleet,
      selection: new Selection(),
      overview: { conditionOf: () => undefined },
    });
    const drawn = () => {
      marks.sync(START_MS);
      for (const mark of marks.all) mark.trail.sync(mark.drone);
      return marks.all.map((mark) => mark.trail.points.length);
    };
    expect(drawn()).toEqual([6]);
    fleet.apply({ type: "delta", subscription: "f", cursor: "", gone: ["d-1"] }, { whole: true });
    expect(drawn()).toEqual([]);
    tell(fleet, [], [state()]);
    expect(drawn()).toEqual([0]);
  });

  test("has a gap where nothing was heard", () => {
    const fleet = fleetOf();
    for (const second of [0, 1, 2, 100, 101]) {
      tell(fleet, [position(1000 * second, { lat: LAT + second * 1e-5, lon: 8.5 })]);
    }
    const trail = new Trail();
    const drone = fleet.drones.get("d-1");
    if (drone !== undefined) trail.sync(drone);
    expect(pieces(trail)).toBe(3);
  });
});

describe("the bundled world", () => {
  test("has land that goes on beyond 180°", () => {
    const ring = [
      [170, 60],
      [-170, 60],
      [-170, 70],
      [170, 70],
      [170, 60],
    ];
    expect(unwrapped(ring).map(([lon]) => lon)).toEqual([170, 190, 190, 170, 170]);
  });

  test("closes land around a pole along the pole", () => {
    const ring = [
      [0, -70],
      [-120, -70],
      [120, -70],
      [0, -70],
    ];
    const flat = unwrapped(ring);
    expect(flat.slice(-3)).toEqual([
      [-360, -90],
      [0, -90],
      [0, -70],
    ]);
  });
});
