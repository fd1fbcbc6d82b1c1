import { beforeEach, describe, expect, test } from "vitest";
import { keyTarget } from "../src/list/keys";
import { heldOrder, nameRanks, orderedDrones, type SortBy } from "../src/list/order";
import { Channels } from "../src/live/channels";
import { stateOf } from "../src/live/condition";
import { Drone, Fleet } from "../src/live/fleet";
import type { DroneState } from "../src/live/protocol";
import { Filter } from "../src/state/filter";
import { NOW_MS, sampleOf, stateOfDrone } from "./support/drones";

let fleet: Fleet;
let filter: Filter;
beforeEach(() => {
  fleet = new Fleet();
  filter = new Filter();
});

const add = (id: string, different: Partial<DroneState> = {}) => {
  const drone = new Drone(stateOfDrone(id, different));
  fleet.drones.set(id, drone);
  return drone;
};
const ordered = (sortBy: SortBy = "name") => {
  const channels = new Channels();
  const conditionOf = (id: string) => {
    const drone = fleet.drones.get(id);
    return drone && stateOf(drone, NOW_MS, channels);
  };
  return orderedDrones({ fleet, conditionOf, filter, sortBy, ranks: nameRanks(fleet) });
};

describe("order", () => {
  test("names stand as a person counts", () => {
    for (const id of ["d-10", "d-2", "D-1"]) add(id);
    expect(ordered()).toEqual(["D-1", "d-2", "d-10"]);
  });

  test("by state, what asks for attention comes first and offline last", () => {
    add("a", { presence: "offline", armed: false, landed: "on_ground" });
    add("b");
    add("c", { battery: { percent: 12, voltage: null } });
    add("d", { failsafe: "critical" });
    add("e", { presence: "lost" });
    expect(ordered("state")).toEqual(["d", "e", "c", "b", "a"]);
  });

  test("by battery, the emptiest comes first and the unknown last", () => {
    add("a", { battery: null });
    add("b", { battery: { percent: 70, voltage: null } });
    add("c", { battery: { percent: 20, voltage: null } });
    expect(ordered("battery")).toEqual(["c", "b", "a"]);
  });

  test("by altitude, the highest comes first; centimetres do not change places", () => {
    add("a").take(sampleOf("a", "position", { relative_alt: 30.1 }));
    add("b").take(sampleOf("b", "position", { relative_alt: 30.2 }));
    add("c").take(sampleOf("c", "position", { relative_alt: 80 }));
    add("d");
    expect(ordered("altitude")).toEqual(["c", "a", "b", "d"]);
  });

  test("a held order keeps rows in place, drops the gone and adds new ones at the end", () => {
    expect(heldOrder(["c", "a", "b"], ["a", "b", "d"])).toEqual(["a", "b", "d"]);
    expect(heldOrder(["c", "a"], ["a", "b", "c"])).toEqual(["c", "a", "b"]);
  });
});

describe("filter", () => {
  beforeEach(() => {
    add("north-1", { fleet: "north", vehicle: "plane" });
    add("north-2", { fleet: "north", failsafe: "critical" });
    add("south-1", { fleet: "south", armed: false, landed: "on_ground" });
  });

  test("without wishes shows all", () => {
    expect(filter.active).toBe(false);
    expect(ordered()).toHaveLength(3);
  });

  test("finds part of a name in any case", () => {
    filter.set({ search: " ORTH-2 " });
    expect(ordered()).toEqual(["north-2"]);
  });

  test("wishes add up, and clearing forgets them", () => {
    filter.set({ fleet: "north", vehicle: "plane" });
    expect(ordered()).toEqual(["north-1"]);
    filter.clear();
    expect(ordered()).toHaveLength(3);
  });

  test("shows a state, or those that fly whatever their state", () => {
    filter.set({ group: "critical" });
    expect(ordered()).toEqual(["north-2"]);
    filter.set({ group: "flying" });
    expect(ordered()).toEqual(["north-1", "north-2"]);
  });
});

describe("keys", () => {
  test.each([
    ["ArrowDown", -1, 0],
    ["ArrowDown", 4, 4],
    ["ArrowUp", -1, 4],
    ["ArrowUp", 0, 0],
    ["Home", 3, 0],
    ["End", 0, 4],
    ["PageDown", 0, 4],
    ["a", 0, undefined],
  ])("%s from row %i of five leads to %s", (key, from, to) => {
    expect(keyTarget(key, from, 5)).toBe(to);
  });

  test("an empty list leads nowhere", () => {
    expect(keyTarget("ArrowDown", -1, 0)).toBeUndefined();
  });
});
