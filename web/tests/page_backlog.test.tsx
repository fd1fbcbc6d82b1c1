// @vitest-environment jsdom
import { renderHook, waitFor } from "@testing-library/react";
import { describe, expect, it, test } from "vitest";
import { Api } from "../src/api";
import { arrived, arrivingIn, givenUp, givenUpIn, stretchText } from "../src/history/arriving";
import { Channels } from "../src/live/channels";
import { Fleet } from "../src/live/fleet";
import type { DroneEvent } from "../src/live/protocol";
import type { Brush } from "../src/map/draw/fleet_layers";
import { Way } from "../src/map/draw/past_layer";
import { mercatorX } from "../src/map/mercator";
import type { PastPlace } from "../src/map/types";
import { usePlotData } from "../src/plots/usePlotData";
import { eventText } from "../src/shell/eventText";
import { eventOf } from "./support/drones";
import { PATIENCE } from "./support/patience";

const START = Date.parse("2026-11-21T10:00:00Z");
const iso = (seconds: number) => new Date(START + 1000 * seconds).toISOString();
const span = (from: number, to: number) => ({
  startMs: START + 1000 * from,
  endMs: START + 1000 * to,
});

describe("what is still to come", () => {
  const backlog = [
    [0, 10],
    [20, 30],
    [40, 40],
  ].map(([from, to]) => ({ from: iso(from as number), to: iso(to as number), frames: 1 }));

  it.each([
    [span(-5, 100), [span(0, 10), span(20, 30), span(40, 40)]],
    [span(5, 25), [span(5, 10), span(20, 25)]],
    [span(11, 19), []],
  ])("is told for a stretch of time, cut to it", (asked, found) => {
    expect(arrivingIn(backlog, asked)).toEqual(found);
  });

  it.each([
    ["nothing came", [span(0, 10)], [span(0, 10)], []],
    ["all of it came", [span(0, 10)], [], [span(0, 10)]],
    ["a single sample came", [span(5, 5)], [], [span(5, 5)]],
    ["the newest came", [span(0, 10)], [span(0, 4)], [span(4, 10)]],
    ["the middle came", [span(0, 10)], [span(0, 4), span(6, 10)], [span(4, 6)]],
    ["more is to come", [span(0, 10)], [span(0, 20)], []],
  ])("is less when %s", (_, before, after, found) => {
    expect(arrived(before, after)).toEqual(found);
  });
});

function dropped(from: unknown, to: unknown, kind = "dropped"): DroneEvent {
  const text = "12 frames given up: the spool is full";
  return { ...eventOf("d1", text), kind, severity: 4, data: { from, to } };
}

describe("what was given up", () => {
  it("is a hole for good, and the message says which", () => {
    const event = dropped(iso(5), iso(70));
    expect(givenUp(event)).toEqual(span(5, 70));
    expect(eventText(event, "utc")).toBe(
      "12 frames given up: the spool is full. Of 10:00:05–10:01:10 data is missing for good.",
    );
  });

  it.each([
    ["the times of a lost file are not known", dropped(iso(0).replace("2026", "1970"), "x")],
    ["nor where they are told as 1970", dropped("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z")],
    ["the details are missing", dropped(undefined, undefined)],
    ["it is another kind of event", dropped(iso(5), iso(70), "spool")],
  ])("is not told where %s", (_, event) => {
    expect(givenUp(event)).toBeUndefined();
    expect(eventText(event, "utc")).toBe(event.text);
  });

  it("is one hole where stretches touch", () => {
    const events = [dropped(iso(30), iso(40)), dropped(iso(0), iso(10)), dropped(iso(5), iso(20))];
    expect(givenUpIn(events, span(0, 100))).toEqual([span(0, 20), span(30, 40)]);
    expect(givenUpIn(events, span(21, 29))).toEqual([]);
  });
});

test("a stretch is written with its days where it is not all of one", () => {
  expect(stretchText(span(0, 0), "utc")).toBe("10:00:00");
  expect(stretchText(span(0, 86_400), "utc")).toBe("2026-11-21 10:00:00 – 2026-11-22 10:00:00");
});

test("no line is drawn over the part of a track that is still to come", () => {
  const seconds = [0, 10, 20, 50, 60];
  const way = new Way({
    type: "Feature",
    geometry: { type: "LineString", coordinates: seconds.map((at) => [at / 1000, 0, 0]) },
    properties: { drone: "d1", times: seconds.map(iso) },
  });
  const drawn = (
    arriving: ReturnType<typeof span>[],
    { momentMs = START, position }: { momentMs?: number; position?: PastPlace } = {},
  ) => {
    const ends: number[] = [];
    const add = (_: number, __: number, x: number) => ends.push(Math.round(x));
    const screen = { toX: (x: number) => (x - mercatorX(0)) * 360_000, toY: () => 0 };
    const palette = { selected: [0, 0, 0, 1], trail: [0, 0, 0, 1] };
    const brush = { screen, drawing: { segments: { add } }, palette };
    way.draw(brush as unknown as Brush, momentMs, { position, arriving });
    return ends;
  };
  expect(drawn([])).toEqual([10, 20, 50, 60]);
  expect(drawn([span(21, 49)])).toEqual([10, 20, 60]);
  const position: PastPlace = { lat: 0, lon: 0.03, heading: null, ageMs: 0, fresh: "fresh" };
  const momentMs = START + 30_000;
  // What is flown ends at the drone, what is to come starts there.
  expect(drawn([], { momentMs, position })).toEqual([10, 20, 50, 30, 60]);
  expect(drawn([], { momentMs, position: { ...position, fresh: "gone" } })).toEqual([
    10, 20, 50, 60,
  ]);
  expect(drawn([span(21, 49)], { momentMs, position })).toEqual([10, 20, 60]);
});

test("a plot of the past is read again when something of it has arrived", async () => {
  let asked = 0;
  const fetch = async () => {
    asked += 1;
    return Response.json({ series: [], truncated: false, next: null, backlog: [] });
  };
  const fixed = {
    drone: "d1",
    fields: [
      {
        key: "vfr/1/0/alt",
        channel: "vfr",
        component: 1,
        instance: "0",
        field: "alt",
        label: "vfr.alt",
        unit: "m",
        factor: 1,
        description: "",
      },
    ],
    window: span(0, 60),
    widthPx: 100,
    api: new Api({ base: "http://bridge/", fetch }),
    fleet: new Fleet(),
    channels: new Channels(),
    clock: { nowMs: () => START },
  };
  const { result, rerender } = renderHook((arriving) => usePlotData({ ...fixed, arriving }), {
    initialProps: [span(10, 90)],
  });
  const settled = (count: number) =>
    waitFor(() => {
      expect(result.current.loading).toBe(false);
      expect(asked).toBe(count);
    }, PATIENCE);
  await settled(1);
  rerender([span(10, 80)]);
  await settled(1);
  rerender([span(10, 30)]);
  await settled(2);
  rerender([span(10, 30)]);
  await settled(2);
  rerender([]);
  await settled(3);
});
