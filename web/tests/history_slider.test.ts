import { describe, expect, it } from "vitest";
import type { Track } from "../src/api";
import { marksOf } from "../src/history/marks";
import { fractionOf, momentAfterKey, momentOf, played } from "../src/history/playback";
import { greatestHeight, profilePath } from "../src/history/profile";
import { momentText, timeText, zoneName } from "../src/history/times";
import type { DroneEvent } from "../src/live/protocol";

const START = Date.parse("2026-11-21T10:00:00Z");
const SPAN = { startMs: START, endMs: START + 100_000 };
const iso = (ms: number) => new Date(ms).toISOString();

describe("the slider", () => {
  it("maps moments to its length and back, kept within it", () => {
    expect(fractionOf(START + 25_000, SPAN)).toBe(0.25);
    expect(fractionOf(START - 1, SPAN)).toBe(0);
    expect(fractionOf(START + 1e9, SPAN)).toBe(1);
    expect(momentOf(0.25, SPAN)).toBe(START + 25_000);
    expect(momentOf(2, SPAN)).toBe(SPAN.endMs);
  });

  it("stands at the start of a flight without length", () => {
    expect(fractionOf(START, { startMs: START, endMs: START })).toBe(0);
  });

  it.each([
    ["ArrowRight", false, 51_000],
    ["ArrowLeft", false, 49_000],
    ["ArrowRight", true, 60_000],
    ["ArrowLeft", true, 40_000],
    ["Home", false, 0],
    ["End", false, 100_000],
    ["PageUp", false, 60_000],
  ])("key %s with shift %s leads to %i ms", (key, shift, offset) => {
    expect(momentAfterKey(key, shift, START + 50_000, SPAN)).toBe(START + offset);
  });

  it("stops at both ends and leaves other keys alone", () => {
    expect(momentAfterKey("ArrowLeft", true, START + 5, SPAN)).toBe(START);
    expect(momentAfterKey("ArrowRight", true, SPAN.endMs, SPAN)).toBe(SPAN.endMs);
    expect(momentAfterKey("x", false, START, SPAN)).toBeUndefined();
  });

  it("plays as fast as it is told, up to the end", () => {
    expect(played(START, 50, 60, SPAN)).toEqual({ momentMs: START + 3000, over: false });
    expect(played(SPAN.endMs - 10, 50, 1, SPAN)).toEqual({ momentMs: SPAN.endMs, over: true });
  });
});

describe("marks", () => {
  const event = (seconds: number, kind: string, severity: number): DroneEvent => ({
    drone: "d1",
    time: iso(START + 1000 * seconds),
    kind,
    severity,
    component: 1,
    text: `${kind} at ${seconds}`,
    data: {},
  });

  it("stand for modes and warnings, not for chatter", () => {
    const marks = marksOf(
      [event(10, "mode", 5), event(20, "statustext", 6), event(30, "statustext", 4)],
      SPAN,
    );
    expect(marks.map(({ fraction, tone }) => [fraction, tone])).toEqual([
      [0.1, "mode"],
      [0.3, "warning"],
    ]);
  });

  it("that would lie on each other are one, as urgent as the most urgent", () => {
    const marks = marksOf([event(10, "mode", 5), event(10.1, "failsafe", 2)], SPAN);
    expect(marks).toHaveLength(1);
    expect(marks[0]).toMatchObject({
      tone: "critical",
      texts: ["mode at 10", "failsafe at 10.1"],
    });
  });

  it("outside of the flight do not show", () => {
    expect(marksOf([event(-1, "mode", 5), event(101, "mode", 5)], SPAN)).toEqual([]);
  });
});

describe("the profile", () => {
  const track = (seconds: number[], relative_alt: (number | null)[]): Track => ({
    type: "Feature",
    geometry: null,
    properties: { drone: "d1", times: seconds.map((at) => iso(START + 1000 * at)), relative_alt },
    backlog: [],
  });

  it("reaches its top at the greatest height", () => {
    expect(profilePath(track([0, 10, 20], [0, 40, 0]), SPAN)).toBe(
      "M0.0 100L0.0 100.0L100.0 0.0L200.0 100.0L200.0 100Z",
    );
    expect(greatestHeight(track([0, 10], [3, null]))).toBe(3);
  });

  it("is open where the track pauses, and empty without a track", () => {
    expect(profilePath(track([0, 90], [10, 10]), SPAN).match(/M/g)).toHaveLength(2);
    expect(profilePath(undefined, SPAN)).toBe("");
  });
});

describe("times", () => {
  const moment = Date.parse("2026-11-21T10:02:11.345Z");
  it("are told in UTC with the word for it", () => {
    expect(momentText(moment, "utc")).toBe("2026-11-21 10:02:11 UTC");
    expect(timeText(moment, "utc", 2)).toBe("10:02:11.34");
  });

  it("name the reader's offset when they are local", () => {
    expect(zoneName("local", moment)).toMatch(/^UTC[+−]\d/);
    expect(momentText(moment, "local")).toContain(timeText(moment, "local"));
  });
});
