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
import { chooseLabels } from "../src/map/labels";

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

describe("labels", () => {
  function label(x: number, y: number, labelPriority = 0, labelAlways = false) {
    return { screenX: x, screenY: y, labelWidth: 60, labelPriority, labelAlways };
  }

  test("of drones in one place: only the one that matters more is written", () => {
    const quiet = label(100, 100);
    const urgent = label(102, 101, 4);
    expect(chooseLabels([quiet, urgent])).toEqual([urgent]);
  });

  test("of selected drones are written whatever they cover", () => {
    const one = label(100, 100, 8, true);
    const other = label(101, 100, 8, true);
    expect(chooseLabels([one, other])).toHaveLength(2);
  });

  test("do not cover a neighbour's icon", () => {
    expect(chooseLabels([label(100, 100)], [{ screenX: 140, screenY: 100, radius: 9 }])).toEqual(
      [],
    );
    expect(
      chooseLabels([label(100, 100)], [{ screenX: 100, screenY: 100, radius: 9 }]),
    ).toHaveLength(1);
  });

  test("are at most 150, however many drones there are", () => {
    const many = Array.from({ length: 400 }, (_, index) => label((index % 20) * 100, index * 20));
    expect(chooseLabels(many)).toHaveLength(150);
  });
});
