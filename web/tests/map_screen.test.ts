import { describe, expect, test } from "vitest";
import {
  degreesText,
  graticuleStep,
  gridLevels,
  labelledMetres,
  linesWithin,
  offsetText,
} from "../src/map/grid";
import { nearest, within } from "../src/map/hit";
import { chooseLabels, type Side } from "../src/map/labels";
import { revealing } from "../src/map/reveal";

describe("a finger", () => {
  const near = { screenX: 110, screenY: 100 };
  const far = { screenX: 125, screenY: 100 };

  test("hits the nearest of two drones within 44 pixels", () => {
    expect(nearest([far, near], 112, 100)).toBe(near);
    expect(nearest([far, near], 120, 100)).toBe(far);
  });

  test("hits nothing 23 pixels away", () => {
    expect(nearest([near], 133, 100)).toBeUndefined();
    expect(nearest([near], 131, 100)).toBe(near);
  });

  test("hits what is drawn on top where two lie in one place", () => {
    const above = { ...near };
    expect(nearest([near, above], 110, 100)).toBe(above);
  });
});

test("a box selects what lies in it, drawn in any direction", () => {
  const inside = { screenX: 50, screenY: 50 };
  const outside = { screenX: 150, screenY: 50 };
  expect(within([inside, outside], { x: 100, y: 100 }, { x: 0, y: 0 })).toEqual([inside]);
});

describe("the grid", () => {
  test("has squares of 100 m and faint ones of 10 m where a kilometre fills the screen", () => {
    const levels = gridLevels(1.28);
    expect(levels.map((level) => level.metres)).toEqual([10, 100, 1000].slice(0, levels.length));
    expect(levels[0]?.strength).toBeLessThan(0.1);
    expect(labelledMetres(1.28)).toBe(100);
  });

  test.each([0.01, 0.3, 2, 40])("is never so dense that it hides the map (%d px/m)", (scale) => {
    for (const { metres } of gridLevels(scale)) expect(metres * scale).toBeGreaterThan(12);
    expect(labelledMetres(scale)).toBeDefined();
  });

  test("numbers its lines from home", () => {
    expect(linesWithin(-250, 120, 100)).toEqual([-200, -100, 0, 100]);
    expect(offsetText(-200, "E", "W")).toBe("200 m W");
    expect(offsetText(3000, "S", "N")).toBe("3 km S");
    expect(offsetText(0, "E", "W")).toBe("0");
  });

  test("is a graticule of round degrees from afar", () => {
    expect(graticuleStep(4)).toBe(30);
    expect(graticuleStep(120)).toBe(1);
    expect(degreesText(-12.5, "N", "S")).toBe("12.5° S");
    expect(degreesText(180, "E", "W")).toBe("180°");
  });
});

describe("a drone that is selected", () => {
  const seen = { width: 600, height: 500 };

  test("moves the map no further than it must", () => {
    expect(revealing({ x: 100, y: -200 }, seen)).toBeUndefined();
    expect(revealing({ x: 290, y: 0 }, seen)).toEqual({ x: 78, y: 0 });
    expect(revealing({ x: -450, y: 240 }, seen)).toEqual({ x: -238, y: 78 });
  });

  test("is the centre when it comes from far away, or when little of the map is seen", () => {
    expect(revealing({ x: 5000, y: 10 }, seen)).toEqual({ x: 5000, y: 10 });
    expect(revealing({ x: 90, y: 0 }, { width: 120, height: 120 })).toEqual({ x: 90, y: 0 });
  });
});

describe("labels", () => {
  function label(x: number, y: number, labelPriority = 0, labelAlways = false) {
    return {
      screenX: x,
      screenY: y,
      labelWidth: 60,
      labelGap: 16,
      labelSide: "right" as Side,
      labelPriority,
      labelAlways,
    };
  }
  const icon = (screenX: number, screenY = 100) => ({ screenX, screenY, radius: 9 });

  test("of drones in one place: those that matter most are written, one to each side", () => {
    const quiet = label(100, 100);
    const urgent = label(102, 101, 4);
    const known = label(101, 100, 1);
    expect(chooseLabels([quiet, urgent, known])).toEqual([urgent, known]);
    expect([urgent.labelSide, known.labelSide]).toEqual(["right", "left"]);
  });

  test("of selected drones are written whatever they cover", () => {
    const one = label(100, 100, 8, true);
    const other = label(101, 100, 8, true);
    expect(chooseLabels([one, other])).toHaveLength(2);
  });

  test("go to the left where a neighbour's icon is, and nowhere between two", () => {
    expect(chooseLabels([label(100, 100)], { obstacles: [icon(100)] })).toEqual([label(100, 100)]);
    const [moved] = chooseLabels([label(100, 100)], { obstacles: [icon(140)] });
    expect(moved?.labelSide).toBe("left");
    expect(chooseLabels([label(100, 100)], { obstacles: [icon(140), icon(60)] })).toEqual([]);
  });

  test("return to the right once there is room to spare", () => {
    const item = label(100, 100);
    for (const [at, side] of [
      [140, "left"],
      [188, "left"],
      [194, "right"],
      [188, "right"],
    ] as const) {
      chooseLabels([item], { obstacles: [icon(at)] });
      expect(item.labelSide).toBe(side);
    }
  });

  test("are covered neither by a panel nor by the map's buttons", () => {
    const area = { left: 0, right: 170, top: 0, bottom: 300 };
    expect(chooseLabels([label(100, 100)], { area })[0]?.labelSide).toBe("left");
    expect(chooseLabels([label(60, 100)], { area })[0]?.labelSide).toBe("right");
    const buttons = [{ left: 120, right: 170, top: 90, bottom: 300 }];
    expect(chooseLabels([label(60, 100)], { covered: buttons })).toHaveLength(1);
    expect(chooseLabels([label(60, 100)], { area, covered: buttons })).toEqual([]);
    const selected = label(160, 100, 8, true);
    expect(chooseLabels([selected], { area, obstacles: [icon(120)] })[0]?.labelSide).toBe("left");
  });

  test("are at most 150, however many drones there are", () => {
    const many = Array.from({ length: 400 }, (_, index) => label((index % 20) * 100, index * 20));
    expect(chooseLabels(many)).toHaveLength(150);
  });
});
