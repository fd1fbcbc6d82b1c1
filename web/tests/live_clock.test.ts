import { expect, test } from "vitest";
import { retryDelayMs } from "../src/live/backoff";
import { Clock } from "../src/live/clock";

test("the hello's time is good until a round trip is measured", () => {
  const clock = new Clock(() => 1000);
  clock.takeOneWay(61_000, 1000);
  expect(clock.nowMs()).toBe(61_000);
  clock.takeRoundTrip(61_500, 900, 1100);
  expect(clock.nowMs()).toBe(61_500);
});

test("of several round trips the shortest counts", () => {
  const clock = new Clock(() => 0);
  clock.takeRoundTrip(5000, -10, 10);
  clock.takeRoundTrip(7000, -500, 500);
  expect(clock.nowMs()).toBe(5000);
});

test("a measurement of long ago gives way to a worse one of now", () => {
  const clock = new Clock(() => 0);
  clock.takeRoundTrip(5000, -10, 10);
  clock.takeRoundTrip(207_000, 199_500, 200_500);
  expect(clock.nowMs()).toBe(7000);
});

test("a time that is none changes nothing", () => {
  const clock = new Clock(() => 5);
  clock.takeOneWay(Number.NaN, 5);
  expect(clock.nowMs()).toBe(5);
});

test("attempts are spread by a third, so that a restarted server does not meet all pages at once", () => {
  expect(retryDelayMs(1, 1006, 0)).toBe(700);
  expect(retryDelayMs(1, 1006, 0.999_999)).toBe(1300);
});
