import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Clock } from "../src/live/clock";
import { Connection } from "../src/live/connection";
import { Fleet } from "../src/live/fleet";
import { BridgeInMemory } from "./support/bridge";
import { iso, NOW_MS, stateOfDrone } from "./support/drones";

let bridge: BridgeInMemory;
let clock: Clock;
let fleet: Fleet;
let connection: Connection;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
  bridge = new BridgeInMemory(Date.now);
  clock = new Clock(Date.now);
  fleet = new Fleet();
  connection = new Connection({ fleet, clock, world: bridge });
  stop = connection.start();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

const serverTime = () => iso(Date.now());
const greeted = () => {
  bridge.newest.greets(serverTime());
  return bridge.newest;
};
const snapshot = (cursor: string, more = false, drones = [stateOfDrone("d-1")]) =>
  ({ type: "snapshot", subscription: "fleet", cursor, part: 0, more, drones }) as const;

describe("subscriptions", () => {
  test("the whole fleet is asked for as soon as the server said hello, and not before", () => {
    expect(bridge.newest.received).toEqual([]);
    greeted();
    expect(bridge.newest.subscriptions("fleet")).toEqual([
      {
        type: "subscribe",
        subscription: "fleet",
        channels: ["heartbeat", "position", "gps", "system"],
        events: true,
      },
    ]);
  });

  test("the selected drone is asked for with all its channels and attention", () => {
    const socket = greeted();
    connection.select("d-7");
    expect(socket.subscriptions("selected-1")).toMatchObject([
      { drones: ["d-7"], channels: ["*"], attention: true },
    ]);
  });

  test("a selection that ends is unsubscribed", () => {
    const socket = greeted();
    connection.select("d-7");
    connection.select(undefined);
    expect(socket.received.at(-1)).toEqual({ type: "unsubscribe", subscription: "selected-1" });
  });

  test("the same selection again asks for nothing", () => {
    const socket = greeted();
    connection.select("d-7");
    connection.select("d-7");
    expect(socket.subscriptions("selected-1")).toHaveLength(1);
  });

  test("a drone selected while the server is away is subscribed when it is back", () => {
    connection.select("d-7");
    expect(greeted().subscriptions("selected-1")).toHaveLength(1);
  });

  test("after a reconnection the subscription resumes after the last cursor", () => {
    greeted().says(snapshot("b1.10"));
    bridge.newest.says({ type: "delta", subscription: "fleet", cursor: "b1.12" });
    bridge.newest.breaks();
    vi.advanceTimersByTime(2000);
    expect(greeted().subscriptions("fleet")).toMatchObject([{ resume: "b1.12" }]);
  });

  test("a snapshot that was cut off in the middle is asked for from the start", () => {
    greeted().says(snapshot("b1.10", true));
    bridge.newest.breaks();
    vi.advanceTimersByTime(2000);
    expect(greeted().subscriptions("fleet")[0]).not.toHaveProperty("resume");
  });

  test("another selection does not resume where the one before it was", () => {
    const socket = greeted();
    connection.select("d-7");
    socket.says({ type: "delta", subscription: "selected-1", cursor: "b1.5" });
    connection.select("d-8");
    expect(socket.received.at(-2)).toEqual({ type: "unsubscribe", subscription: "selected-1" });
    socket.says({ type: "delta", subscription: "selected-1", cursor: "b1.6" });
    socket.breaks();
    vi.advanceTimersByTime(2000);
    expect(greeted().subscriptions("selected-1")).toEqual([]);
    const [again] = bridge.newest.subscriptions("selected-2");
    expect(again).toMatchObject({ drones: ["d-8"] });
    expect(again).not.toHaveProperty("resume");
  });

  test("the same selection resumes after its last cursor", () => {
    const socket = greeted();
    connection.select("d-7");
    socket.says({ type: "delta", subscription: "selected-1", cursor: "b1.5" });
    socket.breaks();
    vi.advanceTimersByTime(2000);
    expect(greeted().subscriptions("selected-1")).toMatchObject([{ resume: "b1.5" }]);
  });
});

describe("a broken connection", () => {
  test("is tried again after a second, and said until then", () => {
    greeted();
    bridge.newest.breaks();
    expect(connection.state).toMatchObject({ kind: "waiting", retryAtMs: NOW_MS + 1000 });
    vi.advanceTimersByTime(1000);
    expect(bridge.opened).toHaveLength(2);
    expect(connection.state.kind).toBe("connecting");
  });

  test("is tried ever more seldom while it fails, and at once again after a success", () => {
    const delays: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      bridge.newest.breaks();
      const { state } = connection;
      if (state.kind !== "waiting") throw new Error(`it is ${state.kind}`);
      const delayMs = state.retryAtMs - Date.now();
      delays.push(delayMs);
      vi.advanceTimersByTime(delayMs);
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
    greeted();
    bridge.newest.breaks();
    expect(connection.state).toMatchObject({ retryAtMs: Date.now() + 1000 });
  });

  test("is tried at once when the user asks", () => {
    bridge.newest.breaks();
    connection.retryNow();
    expect(bridge.opened).toHaveLength(2);
  });

  test("a server with too many connections is left in peace for longer", () => {
    greeted().breaks(1013);
    expect(connection.state).toMatchObject({
      kind: "waiting",
      retryAtMs: NOW_MS + 30_000,
      reason: "server has too many connections",
    });
  });

  test("silence of twelve seconds is a broken connection", () => {
    const socket = greeted();
    vi.advanceTimersByTime(12_000);
    expect(connection.state.kind).toBe("open");
    vi.advanceTimersByTime(1000);
    expect(connection.state).toMatchObject({ kind: "waiting", reason: "server silent" });
    expect(socket.closed).toBe(true);
  });

  test("heartbeats keep it", () => {
    const socket = greeted();
    for (let count = 0; count < 10; count += 1) {
      vi.advanceTimersByTime(5000);
      socket.says({ type: "heartbeat", time: serverTime() });
    }
    expect(connection.state.kind).toBe("open");
    expect(bridge.opened).toHaveLength(1);
  });

  test("a server that accepts and never says hello is given up", () => {
    vi.advanceTimersByTime(13_000);
    expect(connection.state.kind).toBe("waiting");
  });

  test("what a socket that was given up still says is not listened to", () => {
    const old = greeted();
    old.breaks();
    vi.advanceTimersByTime(2000);
    greeted();
    old.says(snapshot("b1.99"));
    expect(fleet.drones.size).toBe(0);
    old.breaks();
    expect(connection.state.kind).toBe("open");
  });

  test("keeps the fleet and tells since when it was not heard", () => {
    greeted().says(snapshot("b1.1"));
    vi.advanceTimersByTime(3000);
    bridge.newest.says({ type: "heartbeat", time: serverTime() });
    const heardMs = Date.now();
    vi.advanceTimersByTime(500);
    bridge.newest.breaks();
    vi.advanceTimersByTime(600);
    expect(fleet.drones.size).toBe(1);
    expect(clock.heardMs()).toBe(heardMs);
    expect(clock.nowMs()).toBe(heardMs + 1100);
  });

  test("is over when the server says hello again", () => {
    greeted().breaks();
    vi.advanceTimersByTime(2000);
    greeted();
    expect(clock.heardMs()).toBe(Date.now());
  });
});

describe("a server that has lost its broker", () => {
  const heartbeat = (broker?: boolean) =>
    bridge.newest.says({
      type: "heartbeat",
      time: serverTime(),
      ...(broker === undefined ? {} : { broker }),
    });

  test("is there, and nothing is live: the fleet was heard until then", () => {
    greeted();
    expect(connection.live).toBe(true);
    vi.advanceTimersByTime(1000);
    heartbeat(false);
    const lostMs = Date.now();
    expect([connection.live, connection.brokerLost]).toEqual([false, true]);
    vi.advanceTimersByTime(5000);
    heartbeat(false);
    expect(clock.heardMs()).toBe(lostMs);
    heartbeat(true);
    expect([connection.live, connection.brokerLost]).toEqual([true, false]);
    expect(clock.heardMs()).toBe(Date.now());
  });

  test("that goes away too was not heard since it lost the broker", () => {
    greeted();
    heartbeat(false);
    vi.advanceTimersByTime(5000);
    heartbeat(false);
    bridge.newest.breaks();
    expect(connection.brokerLost).toBe(false);
    expect(clock.heardMs()).toBe(NOW_MS);
  });

  test("says so with its hello", () => {
    bridge.newest.greets(serverTime(), { broker: false });
    expect([connection.live, connection.brokerLost]).toEqual([false, true]);
  });

  test("is not one that does not speak of it", () => {
    greeted();
    heartbeat();
    expect(connection.live).toBe(true);
  });
});

test("a server of another protocol is not tried again: the page must be loaded anew", () => {
  bridge.newest.greets(serverTime(), { protocol: 2 });
  vi.advanceTimersByTime(60_000);
  expect(connection.state).toEqual({ kind: "outdated" });
  expect(bridge.opened).toHaveLength(1);
});

test("the latency is the round trip of the newest ping", () => {
  const socket = greeted();
  const ping = socket.received.find(({ type }) => type === "ping");
  if (ping?.type !== "ping") throw new Error("there was no ping");
  vi.advanceTimersByTime(42);
  socket.says({ type: "pong", id: ping.id, time: serverTime() });
  expect(connection.latencyMs).toBe(42);
  socket.breaks();
  expect(connection.latencyMs).toBeUndefined();
});

test("each hello begins the measurement of the server's clock anew", () => {
  const pong = (time: string) => {
    const ping = bridge.newest.received.findLast(({ type }) => type === "ping");
    if (ping?.type === "ping") bridge.newest.says({ type: "pong", id: ping.id, time });
  };
  greeted();
  pong(serverTime());
  bridge.newest.breaks();
  vi.advanceTimersByTime(2000);
  bridge.newest.greets(iso(Date.now() - 200));
  expect(clock.nowMs()).toBe(Date.now() - 200);
});

test("the time until the next attempt is counted by the clock that nobody sets", () => {
  greeted().breaks();
  expect(connection.retryInMs).toBe(1000);
  vi.advanceTimersByTime(400);
  expect(connection.retryInMs).toBe(600);
});

test("a ping is sent every five seconds", () => {
  const socket = greeted();
  vi.advanceTimersByTime(10_000);
  expect(socket.received.filter(({ type }) => type === "ping")).toHaveLength(3);
});

test("what the server refuses is kept in its words, and the connection stays", () => {
  const problem = { type: "about:blank", title: "Unknown drone", status: 404, detail: "no d-9" };
  greeted().says({ type: "error", subscription: "selected", problem });
  expect(connection.refused).toBe("no d-9");
  expect(connection.state.kind).toBe("open");
});

test("stopped, it closes and stays closed", () => {
  const socket = greeted();
  stop();
  vi.advanceTimersByTime(60_000);
  expect(socket.closed).toBe(true);
  expect(bridge.opened).toHaveLength(1);
});
