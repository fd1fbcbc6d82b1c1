import { describe, expect, it, vi } from "vitest";
import type { Series, Telemetry, TelemetryQuery } from "../src/api";
import { chunkLengthMs } from "../src/history/chunks";
import { columnsOf, indexAt, joined, sampleOf } from "../src/history/columns";
import { armedOf, landedOf, modeAt } from "../src/history/doing";
import { PastValues } from "../src/history/pastValues";
import { placeAt } from "../src/history/place";
import type { DroneEvent, Value } from "../src/live/protocol";
import { pastAgeText } from "../src/map/draw/past_layer";
import { PATIENCE } from "./support/patience";

const START = Date.parse("2026-11-21T10:00:00Z");
const iso = (ms: number) => new Date(ms).toISOString();

function series(timesMs: number[], fields: Record<string, Value[]>): Series<Value[]> {
  return { component: 1, instance: "0", times: timesMs.map(iso), fields };
}

function event(seconds: number, kind: string, data: Record<string, unknown>): DroneEvent {
  const time = iso(START + 1000 * seconds);
  return { drone: "d1", time, kind, severity: 5, component: 1, text: kind, data };
}

/** A store with one sample a second of every channel; answers when it is told to. */
class FakeStore {
  readonly asked: TelemetryQuery[] = [];
  failing = false;

  getTelemetry = async (
    drone: string,
    query: TelemetryQuery,
    signal?: AbortSignal,
  ): Promise<Telemetry<Value[]>> => {
    signal?.throwIfAborted();
    this.asked.push(query);
    if (this.failing) throw new TypeError("no network");
    const start = Math.max(
      typeof query.start === "string" ? Date.parse(query.start) : (query.start as number),
      START,
    );
    const times: number[] = [];
    for (let at = Math.ceil(start / 1000) * 1000; at < (query.end as number); at += 1000) {
      times.push(at);
    }
    if (query.channel === "once") times.length = start === START ? 1 : 0;
    const most = query.channel === "paged" ? 50 : times.length;
    const page = times.slice(0, most);
    const next = times[most];
    return {
      drone,
      channel: query.channel,
      start: "",
      end: "",
      every: null,
      units: {},
      series: [series(page, { second: page.map((at) => (at - START) / 1000) })],
      truncated: next !== undefined,
      next: next === undefined ? null : iso(next),
      backlog: [],
    };
  };
}

function past(store: Pick<FakeStore, "getTelemetry">, staleAfterS = 2) {
  const at = { ms: START };
  let changes = 0;
  const values = new PastValues({
    api: store,
    drone: "d1",
    momentMs: () => at.ms,
    endMs: START + 600_000,
    staleAfterS: () => staleAfterS,
    changed: () => {
      changes += 1;
    },
  });
  const settle = async () => {
    for (let turn = 0; turn < 100 && values.loading; turn += 1) await Promise.resolve();
    expect(values.loading).toBe(false);
  };
  return { values, at, settle, changes: () => changes };
}

describe("columns", () => {
  it("finds the newest sample at or before a moment", () => {
    const times = [10, 20, 20, 30];
    expect([9, 10, 19, 20, 29, 30, 99].map((at) => indexAt(times, at))).toEqual([
      -1, 0, 0, 2, 2, 3, 3,
    ]);
    expect(indexAt([], 5)).toBe(-1);
  });

  it("joins pages of one series, with nulls where a field was not there before", () => {
    const both = joined(
      columnsOf(series([START], { a: [1] })),
      columnsOf(series([START + 1], { a: [2], b: [3] })),
    );
    expect([...both.timesMs]).toEqual([START, START + 1]);
    expect(sampleOf(both, 0)).toEqual({ timeMs: START, values: { a: 1, b: null } });
    expect(sampleOf(both, 2)).toBeUndefined();
  });
});

describe("values of the past", () => {
  it("are the newest at or before the moment, with the age at that moment", async () => {
    const { values, at, settle } = past(new FakeStore());
    at.ms = START + 5400;
    expect(values.sample("d1", "vfr")).toBeUndefined();
    await settle();
    const sample = values.sample("d1", "vfr");
    expect(sample?.values.second).toBe(5);
    expect(sample && values.ageMs("d1", sample)).toBe(400);
  });

  it("never come from another drone", async () => {
    const { values, settle } = past(new FakeStore());
    values.sample("d1", "vfr");
    await settle();
    expect(values.sample("d2", "vfr")).toBeUndefined();
    expect(values.doing("d2")).toEqual({ mode: null, armed: null, landed: null });
  });

  it("come in chunks, each asked for once", async () => {
    const store = new FakeStore();
    const { values, at, settle } = past(store);
    for (let second = 0; second < 300; second += 1) {
      at.ms = START + 1000 * second;
      values.sample("d1", "vfr");
      await settle();
      expect(values.sample("d1", "vfr")?.values.second).toBe(second);
    }
    const starts = store.asked.map(({ start }) => start);
    expect(new Set(starts).size).toBe(starts.length);
    expect(store.asked.length).toBeLessThanOrEqual(4);
  });

  it("come from the chunk before when the moment's own has nothing yet", async () => {
    const { values, at, settle } = past(new FakeStore());
    at.ms = START + 125_000;
    values.sample("d1", "once");
    await settle();
    values.sample("d1", "once");
    await settle();
    expect(values.sample("d1", "once")?.timeMs).toBe(START);
  });

  it("follow the pages of a long answer", async () => {
    const { values, at, settle } = past(new FakeStore());
    at.ms = START + 110_000;
    values.sample("d1", "paged");
    await settle();
    expect(values.sample("d1", "paged")?.values.second).toBe(110);
  });

  it("that arrived later are read again, and what was there stays in sight meanwhile", async () => {
    const store = new FakeStore();
    const { values, at, settle } = past(store);
    for (const second of [10, 130, 250]) {
      at.ms = START + 1000 * second;
      values.sample("d1", "vfr");
      await settle();
    }
    const before = store.asked.length;
    at.ms = START + 130_000;
    values.refresh([{ startMs: START + 125_000, endMs: START + 130_000 }]);
    expect(values.sample("d1", "vfr")?.values.second).toBe(130);
    expect(values.loading).toBe(false);
    await vi.waitFor(() => expect(store.asked.length).toBe(before + 1), PATIENCE);
    expect(store.asked.at(-1)?.start).toBe(START + 120_000);
  });

  it("that cannot be loaded are told in words", async () => {
    const store = new FakeStore();
    store.failing = true;
    const { values, settle, changes } = past(store);
    values.sample("d1", "vfr");
    await settle();
    expect(values.problem).toMatch(/\.$/);
    expect(changes()).toBeGreaterThan(0);
  });

  it("that the store does not have are not asked for", () => {
    const store = new FakeStore();
    const { values } = past(store);
    values.takeStored([
      { channel: "battery", component: 1, instance: "10", first: "", last: "" },
      { channel: "battery", component: 1, instance: "2", first: "", last: "" },
    ]);
    expect(values.sample("d1", "vfr")).toBeUndefined();
    expect(values.instances("d1", "battery")).toEqual(["2", "10"]);
    expect(store.asked).toEqual([]);
  });
});

it("slow channels come in longer chunks, within bounds", () => {
  expect(chunkLengthMs(2)).toBe(120_000);
  expect(chunkLengthMs(30)).toBe(1_200_000);
  expect(chunkLengthMs(10_000)).toBe(3_600_000);
});

describe("mode at a moment", () => {
  const events = [
    event(10, "armed", { mode: "GUIDED" }),
    event(20, "mode", { from: "GUIDED", to: "AUTO" }),
    event(30, "statustext", {}),
    event(40, "mode", { from: "AUTO", to: "RTL" }),
  ];
  it.each([
    [0, "GUIDED"],
    [10, "GUIDED"],
    [19, "GUIDED"],
    [20, "AUTO"],
    [35, "AUTO"],
    [99, "RTL"],
  ])("at %i s is %s", (seconds, mode) => {
    expect(modeAt(events, START + 1000 * seconds)).toBe(mode);
  });

  it("is unknown without events", () => {
    expect(modeAt([], START)).toBeNull();
  });

  it("armed and landed come from their samples", () => {
    expect(armedOf({ timeMs: 0, values: { base_mode: 217 } })).toBe(true);
    expect(armedOf({ timeMs: 0, values: { base_mode: 81 } })).toBe(false);
    expect(armedOf(undefined)).toBeNull();
    expect(landedOf({ timeMs: 0, values: { landed_state: 2 } })).toBe("in_air");
    expect(landedOf({ timeMs: 0, values: { landed_state: 0 } })).toBeNull();
  });
});

describe("the place of a drone that fell silent", () => {
  const store = {
    getTelemetry: async (drone: string, query: TelemetryQuery): Promise<Telemetry<Value[]>> => ({
      drone,
      channel: query.channel,
      start: "",
      end: "",
      every: null,
      units: {},
      series: [series([START], { lat: [10], lon: [1], hdg: [0] })],
      truncated: false,
      next: null,
      backlog: [],
    }),
  };

  it.each([
    [1, "fresh", ""],
    [7, "dimmed", "7 s old"],
    [40, "gone", "no data for 0:40"],
  ])("is, %i s later, %s", async (seconds, fresh, words) => {
    const { values, at, settle } = past(store);
    at.ms = START + 1000 * seconds;
    values.place();
    await settle();
    const place = values.place();
    expect(place).toEqual({ lat: 10, lon: 1, heading: 0, ageMs: 1000 * seconds, fresh });
    expect(place && pastAgeText(place)).toBe(words);
  });
});

describe("the place at a moment", () => {
  const columns = (timesMs: number[], lon: number[], hdg: (number | null)[]) =>
    columnsOf(series(timesMs, { lat: lon.map(() => 10), lon, hdg }));

  it("lies on the line between two samples close in time", () => {
    expect(placeAt(columns([START, START + 1000], [1, 2], [0, 90]), START + 250)).toEqual({
      timeMs: START,
      lat: 10,
      lon: 1.25,
      heading: 22.5,
    });
  });

  it("turns the shorter way and crosses the antimeridian", () => {
    const place = placeAt(columns([START, START + 1000], [179.5, -179.5], [350, 10]), START + 500);
    expect(place?.lon).toBeCloseTo(180);
    expect(place?.heading).toBeCloseTo(0);
  });

  it("stays at the sample before when the next one is more than two seconds later", () => {
    const far = columns([START, START + 2001], [1, 2], [0, 90]);
    expect(placeAt(far, START + 1500)).toEqual({ timeMs: START, lat: 10, lon: 1, heading: 0 });
  });

  it("is unknown before the first sample and where there is no position", () => {
    expect(placeAt(columns([START], [1], [0]), START - 1)).toBeUndefined();
    const nowhere = columnsOf(series([START], { lat: [0], lon: [0], hdg: [0] }));
    expect(placeAt(nowhere, START)).toBeUndefined();
  });
});
