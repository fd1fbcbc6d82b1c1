import { describe, expect, it } from "vitest";
import type { StoredSeries, Summary, Telemetry, TelemetryQuery } from "../src/api";
import type { Channel } from "../src/live/channels";
import { Fleet } from "../src/live/fleet";
import type { DroneState, Value } from "../src/live/protocol";
import {
  fieldsOfPreset,
  type PlotField,
  PRESETS,
  plotFields,
  searchFields,
  unitsOf,
  whyNot,
} from "../src/plots/fields";
import { loadTraces } from "../src/plots/load";
import { decimalsFor, decimalsOf } from "../src/plots/look";
import { everyFor, parseMoment, parseRange, rereadMs, spanOf } from "../src/plots/range";
import { continued, followLive, forgetBefore } from "../src/plots/tail";
import {
  append,
  bucketTrace,
  dropBefore,
  emptyTrace,
  extent,
  gapLengthMs,
  hasValues,
  lastReading,
  readingAt,
  sampleTrace,
} from "../src/plots/trace";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const iso = (ms: number) => new Date(ms).toISOString();

const CHANNELS: Channel[] = [
  {
    name: "position",
    description: "",
    stale_after_s: 6,
    fields: [
      { name: "relative_alt", unit: "m", description: "Height above home" },
      { name: "vx", unit: "m/s", description: "Speed north" },
    ],
  },
  {
    name: "attitude",
    description: "",
    stale_after_s: 6,
    fields: [{ name: "roll", unit: "rad", description: "Roll angle" }],
  },
  {
    name: "battery",
    description: "",
    stale_after_s: 30,
    fields: [{ name: "current_battery", unit: "A", description: "Current" }],
  },
  {
    name: "event",
    description: "",
    stale_after_s: 30,
    fields: [{ name: "text", unit: "", description: "The event in words" }],
  },
];

const stored = (channel: string, instance = "0", component = 1): StoredSeries => ({
  channel,
  component,
  instance,
  first: iso(NOW),
  last: iso(NOW),
});

const FIELDS = plotFields(CHANNELS, [
  stored("battery", "10"),
  stored("attitude"),
  stored("position"),
  stored("battery", "2"),
  stored("event", "mode"),
]);
const named = (label: string) => FIELDS.find((field) => field.label === label) as PlotField;
const ALTITUDE = named("position.relative_alt");
const ROLL = named("attitude.roll");

describe("fields", () => {
  it("are those stored, in the table's order, words left out, instances told apart", () => {
    expect(FIELDS.map(({ label }) => label)).toEqual([
      "position.relative_alt",
      "position.vx",
      "attitude.roll",
      "battery[2].current_battery",
      "battery[10].current_battery",
    ]);
  });

  it("of angles are plotted in degrees", () => {
    expect(ROLL.unit).toBe("°");
    expect(ROLL.factor * Math.PI).toBeCloseTo(180);
  });

  it("are found by words of their name, unit or description", () => {
    expect(searchFields(FIELDS, "speed north").map(({ label }) => label)).toEqual(["position.vx"]);
    expect(searchFields(FIELDS, "ROLL").map(({ label }) => label)).toEqual(["attitude.roll"]);
    expect(searchFields(FIELDS, " ")).toHaveLength(FIELDS.length);
    expect(searchFields(FIELDS, "roll north")).toEqual([]);
  });

  it("whose own name begins with the word come first", () => {
    const found = searchFields(FIELDS, "r");
    expect(found.slice(0, 2).map(({ field }) => field)).toEqual(["relative_alt", "roll"]);
  });

  it("of a preset are the drone's own, the missing ones left out", () => {
    const altitude = PRESETS.find(({ name }) => name === "Altitude");
    expect(altitude && fieldsOfPreset(altitude, FIELDS)).toEqual([ALTITUDE]);
  });

  it("of a third unit are refused with the reason", () => {
    expect(unitsOf([ALTITUDE, ROLL, ALTITUDE])).toEqual(["m", "°"]);
    expect(whyNot(named("position.vx"), [ALTITUDE])).toBeNull();
    expect(whyNot(named("position.vx"), [ALTITUDE, ROLL])).toMatch(/two units/);
    expect(whyNot(ALTITUDE, Array(6).fill(ALTITUDE))).toMatch(/at most 6/);
  });
});

describe("a range", () => {
  it.each([
    ["now", NOW],
    ["-10m", NOW - 600_000],
    ["-1.5h", NOW - 5_400_000],
    ["- 2 d", NOW - 172_800_000],
    ["2026-11-20", Date.parse("2026-11-20T00:00:00Z")],
    ["2026-11-20 08:30", Date.parse("2026-11-20T08:30:00Z")],
    ["2026-11-20T08:30:15.25Z", Date.parse("2026-11-20T08:30:15.250Z")],
    ["9:05", Date.parse("2026-11-21T09:05:00Z")],
    ["09:05:07 UTC", Date.parse("2026-11-21T09:05:07Z")],
  ])("may begin at %s", (text, moment) => {
    expect(parseMoment(text, NOW, "utc")).toBe(moment);
  });

  it.each(["", "yesterday", "2026-02-30", "25:00", "10:61", "2026-13-01", "-10", "10 m"])(
    "may not begin at %j",
    (text) => {
      expect(parseMoment(text, NOW, "utc")).toBeNaN();
    },
  );

  it("is read in the reader's zone unless it says UTC", () => {
    expect(parseMoment("2026-11-20 08:30", NOW, "local")).toBe(
      new Date(2026, 10, 20, 8, 30).getTime(),
    );
    expect(parseMoment("2026-11-20 08:30 UTC", NOW, "local")).toBe(
      Date.parse("2026-11-20T08:30:00Z"),
    );
  });

  it("that is wrong is explained", () => {
    expect(parseRange("-10m", "now", NOW, "utc")).toEqual({ startMs: NOW - 600_000, endMs: NOW });
    expect(parseRange("now", "-10m", NOW, "utc")).toMatch(/before the end/);
    expect(parseRange("soon", "now", NOW, "utc")).toMatch(/“soon” is not a time/);
    expect(parseRange("1969-01-01", "now", NOW, "utc")).toMatch(/1970/);
  });

  it("of the flight falls back to the last minutes without one", () => {
    const flight = { startMs: 1, endMs: 2 };
    expect(spanOf({ kind: "flight" }, NOW, flight)).toEqual(flight);
    expect(spanOf({ kind: "flight" }, NOW, undefined).endMs).toBe(NOW);
  });

  it("has at most one bucket for each pixel", () => {
    for (const seconds of [10, 300, 3600, 86_400, 30 * 86_400, 20_000 * 86_400]) {
      const every = everyFor({ startMs: 0, endMs: 1000 * seconds }, 320);
      expect((1000 * seconds) / every.lengthMs).toBeLessThanOrEqual(320);
    }
    expect(everyFor({ startMs: 0, endMs: 3_600_000 }, 360).text).toBe("10s");
  });

  it("that follows the present is read again, the longer the more seldom", () => {
    expect(rereadMs(300_000)).toBe(15_000);
    expect(rereadMs(86_400_000)).toBe(300_000);
  });
});

describe("a trace", () => {
  it("has a gap where samples are further apart than they may be", () => {
    const trace = emptyTrace(ALTITUDE, 6000);
    for (const at of [0, 5000, 11_000, 17_001]) append(trace, at, at);
    expect(trace.timesMs).toEqual([0, 5000, 11_000, 11_001, 17_001]);
    expect(trace.values).toEqual([0, 5000, 11_000, null, 17_001]);
  });

  it("has a gap where a value is not known", () => {
    const trace = emptyTrace(ALTITUDE, 6000);
    append(trace, 0, 1);
    append(trace, 1, null);
    append(trace, 2, "word");
    expect(trace.values).toEqual([1, null, null]);
  });

  it("never goes back in time", () => {
    const trace = emptyTrace(ALTITUDE, 6000);
    append(trace, 10, 1);
    append(trace, 10, 2);
    append(trace, 5, 3);
    expect(trace.values).toEqual([1]);
  });

  it("keeps what each bucket reaches, converted like the mean", () => {
    const trace = bucketTrace(
      ROLL,
      {
        component: 1,
        instance: "0",
        times: [iso(0)],
        fields: { roll: { mean: [0], min: [-Math.PI], max: [Math.PI], first: [0], last: [0] } },
      },
      2000,
      1000,
    );
    expect(trace.values).toEqual([0]);
    expect(trace.band?.low[0]).toBeCloseTo(-180);
    expect(trace.band?.high[0]).toBeCloseTo(180);
    expect(extent(trace, 0, 1)?.high).toBeCloseTo(180);
  });

  it("without the field or the series is empty", () => {
    expect(hasValues(sampleTrace(ALTITUDE, undefined, 1000))).toBe(false);
  });

  it("tells the value nearest to a moment, and none within a gap", () => {
    const trace = emptyTrace(ALTITUDE, 1000);
    for (const at of [0, 800, 10_000]) append(trace, at, at);
    expect(readingAt(trace, 500)?.value).toBe(800);
    expect(readingAt(trace, 1700)?.value).toBe(800);
    expect(readingAt(trace, 5000)).toBeUndefined();
    expect(readingAt(trace, 9500)?.value).toBe(10_000);
    expect(lastReading(trace)?.timeMs).toBe(10_000);
  });

  it("forgets what left it, but the point that its line begins at", () => {
    const trace = emptyTrace(ALTITUDE, 1000);
    for (const at of [0, 10, 20, 30]) append(trace, at, at);
    dropBefore(trace, 25);
    expect(trace.timesMs).toEqual([20, 30]);
  });

  it("in buckets allows for two of them before it is a gap", () => {
    expect(gapLengthMs(6, undefined)).toBe(6000);
    expect(gapLengthMs(6, 60_000)).toBe(120_000);
  });
});

describe("loading", () => {
  class FakeStore {
    readonly asked: string[] = [];
    constructor(private readonly samples: number) {}

    getTelemetry = async (_: string, query: TelemetryQuery): Promise<Telemetry<Value[]>> => {
      this.asked.push(`${query.channel} ${query.fields} raw ${query.limit}`);
      const count = Math.min(this.samples, query.limit ?? 0);
      const times = Array.from({ length: count }, (_, index) => iso(index * 10));
      const fields = Object.fromEntries(
        (query.fields ?? []).map((name) => [name, times.map(() => 1)]),
      );
      return answer(query, times, fields, count < this.samples);
    };

    getTelemetryEvery = async (
      _: string,
      every: string,
      query: TelemetryQuery,
    ): Promise<Telemetry<Summary>> => {
      this.asked.push(`${query.channel} ${query.fields} ${every}`);
      const summary = { mean: [1], min: [0], max: [9], first: [1], last: [1] };
      const fields = Object.fromEntries((query.fields ?? []).map((name) => [name, summary]));
      return answer(query, [iso(0)], fields, false);
    };
  }

  function answer<Column>(
    query: TelemetryQuery,
    times: string[],
    fields: Record<string, Column>,
    truncated: boolean,
  ): Telemetry<Column> {
    const series = [{ component: 1, instance: "0", times, fields }];
    const next = truncated ? iso(0) : null;
    const { channel } = query;
    return {
      drone: "d1",
      channel,
      start: "",
      end: "",
      every: null,
      units: {},
      series,
      truncated,
      next,
      backlog: [],
    };
  }

  const query = (fields: PlotField[], lengthMs: number) => ({
    drone: "d1",
    fields,
    span: { startMs: 0, endMs: lengthMs },
    widthPx: 100,
    staleAfterS: () => 6,
  });
  const signal = new AbortController().signal;

  it("draws every sample where there is room for all", async () => {
    const store = new FakeStore(150);
    const fields = [ALTITUDE, ROLL, named("position.vx")];
    const traces = await loadTraces(store, query(fields, 300_000), signal);
    expect(traces.map(({ field }) => field)).toEqual(fields);
    expect(traces[0]?.timesMs).toHaveLength(150);
    expect(traces[0]?.band).toBeUndefined();
    expect(store.asked).toEqual(["position relative_alt,vx raw 200", "attitude roll raw 200"]);
  });

  it("sums up where there are more samples than pixels, with their extremes", async () => {
    const store = new FakeStore(5000);
    const [trace] = await loadTraces(store, query([ALTITUDE], 300_000), signal);
    expect(store.asked).toEqual(["position relative_alt raw 200", "position relative_alt 5s"]);
    expect(trace?.band).toEqual({ low: [0], high: [9] });
    expect(trace?.everyMs).toBe(5000);
  });

  it("does not even ask for every sample of a day", async () => {
    const store = new FakeStore(5000);
    await loadTraces(store, query([ALTITUDE], 86_400_000), signal);
    expect(store.asked).toEqual(["position relative_alt 15m"]);
  });
});

describe("the live end", () => {
  const fleet = new Fleet();
  const hear = (timeMs: number, relative_alt: number) =>
    fleet.apply(
      {
        type: "delta",
        subscription: "drone",
        cursor: "",
        drones: fleet.drones.has("d1") ? [] : [{ drone: "d1" } as DroneState],
        samples: [
          {
            drone: "d1",
            channel: "position",
            component: 1,
            instance: "0",
            time: iso(timeMs),
            values: { relative_alt },
          },
        ],
      },
      { whole: false },
    );

  it("adds each new sample once, and forgets what left the plot", () => {
    const trace = emptyTrace(ALTITUDE, 6000);
    append(trace, 1000, 1);
    hear(2000, 2);
    expect(followLive([trace], "d1", fleet, 0)).toBe(true);
    expect(followLive([trace], "d1", fleet, 0)).toBe(false);
    hear(3000, 3);
    followLive([trace], "d1", fleet, 0);
    expect(trace.values).toEqual([1, 2, 3]);
    forgetBefore([trace], 2500);
    expect(trace.values).toEqual([2, 3]);
    expect(followLive([trace], "nobody", fleet, 0)).toBe(false);
  });

  it("does not begin with a sample from before the plot", () => {
    hear(4000, 4);
    const trace = emptyTrace(ALTITUDE, 6000);
    expect(followLive([trace], "d1", fleet, 5000)).toBe(false);
    expect(hasValues(trace)).toBe(false);
  });

  it("keeps what was heard after the store's newest sample", () => {
    const before = emptyTrace(ROLL, 6000);
    for (const at of [1000, 2000, 3000]) append(before, at, Math.PI);
    const read = emptyTrace(ROLL, 6000);
    append(read, 1000, 0);
    append(read, 2000, 0);
    const [trace] = continued([read], [before]);
    expect(trace?.timesMs).toEqual([1000, 2000, 3000]);
    expect(trace?.values[2]).toBeCloseTo(180);
  });
});

describe("decimals", () => {
  it("tell neighbours apart", () => {
    expect([10, 1, 0.5, 0.05, 0.001].map(decimalsFor)).toEqual([0, 0, 1, 2, 3]);
    expect(decimalsFor(0)).toBe(0);
  });

  it("follow the range a value moves in", () => {
    expect(decimalsOf(12, 12)).toBe(0);
    expect(decimalsOf(0, 20.5)).toBe(1);
    expect(decimalsOf(47.1234567, 47.1234599)).toBe(7);
  });
});
