import { describe, expect, test } from "vitest";
import { ageText, clockText, correctedAgeMs, durationText, freshness } from "../src/live/age";

describe("a channel that is stale after 3 s", () => {
  test.each([
    [-500, "fresh"],
    [0, "fresh"],
    [3000, "fresh"],
    [3001, "dimmed"],
    [15_000, "dimmed"],
    [15_001, "gone"],
  ])("calls a value of %i ms %s", (ageMs, expected) => {
    expect(freshness(ageMs, 3)).toBe(expected);
  });
});

test("fresh values say nothing of their age, dimmed ones their age, gone ones that there is none", () => {
  expect(ageText(1000, "fresh")).toBe("");
  expect(ageText(8900, "dimmed")).toBe("8 s");
  expect(ageText(12_000, "gone")).toBe("no data for 0:12");
});

test.each([
  [0, "0:00"],
  [-5, "0:00"],
  [59_999, "0:59"],
  [60_000, "1:00"],
  [3_600_000 + 65_000, "1 h 01 min"],
  [2 * 86_400_000, "2 d"],
])("%i ms are written %s", (ms, expected) => {
  expect(durationText(ms)).toBe(expected);
});

test("a drone whose clock is an hour behind is not an hour old", () => {
  expect(correctedAgeMs(3_600_500, 0, 3600)).toBe(500);
});

test("which way a clock is off is told", () => {
  expect(clockText(3600)).toBe("clock 1 h 00 min behind");
  expect(clockText(-65)).toBe("clock 1:05 ahead");
  expect(clockText(null)).toBeNull();
});
