import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
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
  clock.takeRoundTrip(5400, -500, 500);
  expect(clock.nowMs()).toBe(5000);
});

test("a measurement of long ago gives way to a worse one of now", () => {
  const clock = new Clock(() => 0);
  clock.takeRoundTrip(5000, -10, 10);
  clock.takeRoundTrip(205_300, 199_500, 200_500);
  expect(clock.nowMs()).toBe(5300);
});

describe("the computer's time of day is set back by an hour", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: 7_200_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("and nothing is younger for it", () => {
    const clock = new Clock();
    const before = clock.nowMs();
    vi.setSystemTime(3_600_000);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(before);
    expect(clock.nowMs()).toBeLessThan(before + 60_000);
  });
});

test("a round trip that ended before it began is none", () => {
  const clock = new Clock(() => 0);
  clock.takeRoundTrip(5000, -10, 10);
  clock.takeRoundTrip(9000, 4000, 0);
  expect(clock.nowMs()).toBe(5000);
});

describe("a measurement that contradicts the one before replaces it at once", () => {
  test.each([
    ["the server's clock was set back", -3_600_000],
    ["the local clock stood still during sleep", 3_600_000],
  ])("%s", (_, stepMs) => {
    const clock = new Clock(() => 0);
    clock.takeRoundTrip(5000, -1, 1);
    clock.takeRoundTrip(5000 + stepMs, -500, 500);
    expect(clock.nowMs()).toBe(5000 + stepMs);
  });

  test("also a heartbeat that is later than can be", () => {
    const clock = new Clock(() => 0);
    clock.takeRoundTrip(5000, -10, 10);
    clock.takeOneWay(4000, 0);
    expect(clock.nowMs()).toBe(5000);
    clock.takeOneWay(60_000, 0);
    expect(clock.nowMs()).toBe(60_000);
    clock.takeRoundTrip(60_100, -200, 200);
    expect(clock.nowMs()).toBe(60_100);
  });
});

test("what was measured of one server is forgotten with the next", () => {
  const clock = new Clock(() => 0);
  clock.takeRoundTrip(5000, -10, 10);
  clock.forget();
  clock.takeOneWay(4900, 0);
  expect(clock.nowMs()).toBe(4900);
  clock.takeRoundTrip(4995, -40, 40);
  expect(clock.nowMs()).toBe(4995);
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
