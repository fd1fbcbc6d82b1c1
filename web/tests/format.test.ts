import { describe, expect, test } from "vitest";
import {
  clockTime,
  distance,
  minuteTime,
  numberText,
  shortened,
  signedText,
  vehicleName,
} from "../src/format";
import { dayWord } from "../src/history/times";
import { headingText } from "../src/panel/Attitude";

describe("numbers", () => {
  test.each([
    [12.34, 1, "12.3"],
    [-0.04, 1, "0.0"],
    [-1.25, 1, "−1.3"],
    [null, 0, "–"],
    [undefined, 0, "–"],
    [Number.NaN, 0, "–"],
  ])("%s with %i decimals is %s", (value, decimals, expected) => {
    expect(numberText(value, decimals)).toBe(expected);
  });

  test("a rate of climb has its sign, and none when it is nothing", () => {
    expect([0.44, -0.44, 0.01, null].map((value) => signedText(value, 1))).toEqual([
      "+0.4",
      "−0.4",
      "0.0",
      "–",
    ]);
  });

  test("distances change to kilometres at ten", () => {
    expect(distance(9999)).toEqual({ text: "9999", unit: "m" });
    expect(distance(12_340)).toEqual({ text: "12.3", unit: "km" });
    expect(distance(null)).toEqual({ text: "–", unit: "m" });
  });

  test.each([
    [0, "000"],
    [359.6, "000"],
    [-90, "270"],
    [7.2, "007"],
    [null, "–––"],
  ])("a heading of %s is %s", (heading, expected) => {
    expect(headingText(heading)).toBe(expected);
  });
});

describe("times", () => {
  const moment = Date.parse("2026-11-21T10:02:31Z");

  test("are in the zone that was chosen", () => {
    expect(clockTime(moment, "utc")).toBe("10:02:31");
    expect(clockTime(Number.NaN, "utc")).toBe("–");
  });

  test("have their day when it is not today", () => {
    expect(minuteTime(moment, moment + 1000, "utc")).toBe("10:02");
    expect(minuteTime(moment, moment + 86_400_000, "utc")).toBe("2026-11-21 10:02");
  });

  test("tell the day by its word while that is clear", () => {
    expect(dayWord(moment, moment + 3_600_000, "utc")).toBe("today");
    expect(dayWord(moment, moment + 20 * 3_600_000, "utc")).toBe("yesterday");
    expect(dayWord(moment, moment + 50 * 3_600_000, "utc")).toBe("2026-11-21");
  });
});

test("a long name keeps its end, which tells it apart", () => {
  expect(shortened("survey-team-north-0017")).toBe("survey-team-north-0017");
  expect(shortened("survey-team-north-copter-0017")).toBe("survey-team-…pter-0017");
});

test("vehicles have their usual names", () => {
  expect(["copter", "vtol", null].map(vehicleName)).toEqual(["Copter", "VTOL", "Unknown type"]);
});
