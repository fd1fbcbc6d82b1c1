/**
 * The WebSocket to the bridge: subscriptions that survive a broken connection, a watch over its
 * silence, its latency and the server's clock. docs/websocket.md describes the messages.
 */

import { Store } from "../state/store";
import { retryDelayMs } from "./backoff";
import type { Clock } from "./clock";
import type { Fleet } from "./fleet";
import type { ClientMessage, Delta, ServerMessage, Snapshot, Subscribe } from "./protocol";

export type ConnectionState =
  /** Nothing was asked of it yet, or it was told to stop. */
  | { kind: "idle" }
  /** The socket is being opened, or the server has not said hello. */
  | { kind: "connecting"; failures: number }
  | { kind: "open" }
  /** Broken; the next attempt is at this local time. */
  | { kind: "waiting"; retryAtMs: number; failures: number; reason: string }
  /** The server speaks another protocol: the page is of another version than the server. */
  | { kind: "outdated" };

/** What `Connection` needs of a WebSocket. */
export interface Socket {
  send(text: string): void;
  /** Nothing is heard of it afterwards that matters. */
  close(): void;
}

export interface SocketListener {
  message(text: string): void;
  /** It is gone; the code is the WebSocket's close code. */
  closed(code: number): void;
}

/** What it needs of the world; a test brings its own. */
export interface Surroundings {
  open(listener: SocketListener): Socket;
  /** A clock that nobody sets (`monotonicMs`), the same as that of `Clock`. */
  nowMs(): number;
  random(): number;
}

const PROTOCOL = 1;
const PING_MS = 5000;
const WATCH_MS = 1000;
/** The server says something every five seconds; after this long it is away. */
const SILENCE_MS = 12_000;

const WHOLE_FLEET: Subscribe = {
  type: "subscribe",
  subscription: "fleet",
  // What the map, the list and a drone's condition need; the open panel asks for the rest.
  channels: ["heartbeat", "position", "gps", "system"],
  events: true,
};

export class Connection extends Store {
  private current: ConnectionState = { kind: "idle" };
  private socket: Socket | undefined;
  private failures = 0;
  private heardMs = 0;
  private latest: number | undefined;
  private broker = true;
  private problem: string | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private pings = new Map<number, number>();
  private pingNumber = 0;
  private pingedMs = 0;
  private readonly cursors = new Map<string, string>();
  private selected: Subscribe | undefined;
  private selections = 0;

  private readonly fleet: Fleet;
  private readonly clock: Clock;
  private readonly world: Surroundings;

  constructor({ fleet, clock, world }: { fleet: Fleet; clock: Clock; world: Surroundings }) {
    super();
    this.fleet = fleet;
    this.clock = clock;
    this.world = world;
  }

  get state(): ConnectionState {
    return this.current;
  }

  /** Whether what drones send comes in here: the server is there, and has its broker. */
  get live(): boolean {
    return this.current.kind === "open" && this.broker;
  }

  /** The server is there, and says that it has lost the broker. */
  get brokerLost(): boolean {
    return this.current.kind === "open" && !this.broker;
  }

  /** Round trip to the server, milliseconds; undefined while it is not known. */
  get latencyMs(): number | undefined {
    return this.latest;
  }

  /** Milliseconds until the next attempt; 0 while none is waited for. */
  get retryInMs(): number {
    const { current } = this;
    return current.kind === "waiting" ? Math.max(0, current.retryAtMs - this.world.nowMs()) : 0;
  }

  /** What the server refused last, in its words. */
  get refused(): string | undefined {
    return this.problem;
  }

  /** Connect and stay connected. Returns how to stop. */
  start(): () => void {
    this.connect();
    this.timer = setInterval(() => this.watch(), WATCH_MS);
    return () => this.stop();
  }

  /** Do not wait for the next attempt. */
  retryNow(): void {
    if (this.current.kind === "waiting") this.connect();
  }

  /** The drone whose panel is open gets all of its channels, and is asked for more data. */
  select(drone: string | undefined): void {
    if (drone === this.selected?.drones?.[0]) return;
    if (this.selected !== undefined) {
      const { subscription } = this.selected;
      this.selected = undefined;
      this.cursors.delete(subscription);
      this.send({ type: "unsubscribe", subscription });
    }
    if (drone === undefined) return;
    // A name of its own: what is still on its way of the one before must not be taken for this one.
    this.selections += 1;
    this.selected = {
      type: "subscribe",
      subscription: `selected-${this.selections}`,
      drones: [drone],
      channels: ["*"],
      attention: true,
      events: true,
    };
    this.send(this.selected);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.dropSocket();
    this.become({ kind: "idle" });
  }

  private connect(): void {
    this.dropSocket();
    this.heardMs = this.world.nowMs();
    // A socket that was given up may still speak; only the newest one is listened to.
    const socket: Socket = this.world.open({
      message: (text) => {
        if (socket === this.socket) this.take(JSON.parse(text));
      },
      closed: (code) => {
        if (socket === this.socket) this.broken(code, "server away");
      },
    });
    this.socket = socket;
    this.become({ kind: "connecting", failures: this.failures });
  }

  private watch(): void {
    const nowMs = this.world.nowMs();
    const { kind } = this.current;
    if (kind === "waiting") {
      if (nowMs >= this.current.retryAtMs) this.connect();
      return;
    }
    if (kind !== "open" && kind !== "connecting") return;
    if (nowMs - this.heardMs > SILENCE_MS) {
      this.broken(0, "server silent");
      return;
    }
    if (kind === "open" && nowMs - this.pingedMs >= PING_MS) this.ping(nowMs);
  }

  private ping(nowMs: number): void {
    this.pingedMs = nowMs;
    this.pingNumber += 1;
    // What was not answered before this one is not waited for.
    if (this.pings.size > 3) this.pings.clear();
    this.pings.set(this.pingNumber, nowMs);
    this.send({ type: "ping", id: this.pingNumber });
  }

  private take(message: ServerMessage): void {
    const nowMs = this.world.nowMs();
    this.heardMs = nowMs;
    switch (message.type) {
      case "hello":
        this.clock.forget();
        this.clock.takeOneWay(Date.parse(message.time), nowMs);
        if (message.protocol !== PROTOCOL) {
          this.refuse();
          break;
        }
        this.welcome(nowMs);
        this.takeBroker(message.broker, nowMs);
        break;
      case "snapshot":
      case "delta":
        this.fleet.apply(message, { whole: message.subscription === WHOLE_FLEET.subscription });
        this.takeCursor(message);
        break;
      case "heartbeat":
        this.clock.takeOneWay(Date.parse(message.time), nowMs);
        this.takeBroker(message.broker, nowMs);
        break;
      case "pong": {
        const sentMs = this.pings.get(Number(message.id));
        if (sentMs === undefined) break;
        this.pings.delete(Number(message.id));
        this.clock.takeRoundTrip(Date.parse(message.time), sentMs, nowMs);
        this.latest = nowMs - sentMs;
        this.notify();
        break;
      }
      case "error":
        this.problem = message.problem.detail || message.problem.title;
        this.notify();
        break;
      case "unsubscribed":
        break;
    }
  }

  private takeCursor(message: Snapshot | Delta): void {
    const { subscription, cursor } = message;
    const known = [WHOLE_FLEET, this.selected].some((each) => each?.subscription === subscription);
    if (!known) return;
    // A snapshot that is not complete cannot be resumed after.
    if (message.type === "snapshot" && message.more) this.cursors.delete(subscription);
    else this.cursors.set(subscription, cursor);
  }

  private welcome(nowMs: number): void {
    this.failures = 0;
    this.problem = undefined;
    this.become({ kind: "open" });
    for (const subscription of [WHOLE_FLEET, this.selected]) {
      if (subscription === undefined) continue;
      const cursor = this.cursors.get(subscription.subscription);
      this.send(cursor === undefined ? subscription : { ...subscription, resume: cursor });
    }
    this.ping(nowMs);
  }

  /** Without its broker the server is as deaf as this page is without the server. */
  private takeBroker(told: boolean | undefined, nowMs: number): void {
    const broker = told ?? true;
    if (broker) this.clock.away(undefined);
    else this.cutOff(nowMs);
    if (broker === this.broker) return;
    this.broker = broker;
    this.notify();
  }

  /** The fleet is not heard since this local time, or was not before. */
  private cutOff(sinceMs: number): void {
    this.clock.away(this.clock.awaySince ?? sinceMs);
  }

  private refuse(): void {
    this.dropSocket();
    this.cutOff(this.heardMs);
    this.become({ kind: "outdated" });
  }

  private broken(code: number, reason: string): void {
    const wasOpen = this.current.kind === "open";
    this.dropSocket();
    if (wasOpen) this.cutOff(this.heardMs);
    this.failures += 1;
    const nowMs = this.world.nowMs();
    this.become({
      kind: "waiting",
      retryAtMs: nowMs + retryDelayMs(this.failures, code, this.world.random()),
      failures: this.failures,
      reason: CLOSE_REASONS[code] ?? reason,
    });
  }

  private dropSocket(): void {
    const { socket } = this;
    this.socket = undefined;
    this.pings.clear();
    this.latest = undefined;
    socket?.close();
  }

  private send(message: ClientMessage): void {
    if (this.current.kind === "open") this.socket?.send(JSON.stringify(message));
  }

  private become(state: ConnectionState): void {
    this.current = state;
    this.notify();
  }
}

const CLOSE_REASONS: Record<number, string> = {
  1001: "server stopped",
  1008: "server refused our messages",
  1013: "server has too many connections",
  4008: "this page was too slow",
};
