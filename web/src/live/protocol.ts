/** Messages of the bridge's WebSocket, as docs/websocket.md describes them. */

export type Presence = "online" | "offline" | "lost" | "unknown";
export type Value = number | string | null;

export interface Battery {
  percent: number | null;
  voltage: number | null;
}

export interface Position {
  lat: number;
  lon: number;
  /** Metres above mean sea level. */
  alt: number;
  /** Metres above home. */
  relative_alt: number;
  /** Degrees, null where the vehicle does not know it. */
  heading: number | null;
}

/** A stretch of history that is still to be sent. */
export interface Backlog {
  from: string;
  to: string;
  frames: number;
}

/** A drone at a glance; the same shape in REST and WebSocket. */
export interface DroneState {
  drone: string;
  fleet: string;
  first_seen: string | null;
  presence: Presence;
  presence_since: string | null;
  link: "up" | "down" | null;
  vehicle: string | null;
  autopilot: string | null;
  firmware: string | null;
  system_id: number | null;
  agent_version: string | null;
  rate_policy: string | null;
  mode: string | null;
  armed: boolean | null;
  landed: "in_air" | "on_ground" | "takeoff" | "landing" | null;
  mission_item: number | null;
  failsafe: "critical" | "emergency" | null;
  battery: Battery | null;
  position: Position | null;
  state_time: string | null;
  backlog: Backlog[];
  last_sample: string | null;
  /** Receipt minus the drone's own time where they differ much, seconds; null: they agree. */
  clock_error_s: number | null;
}

/** The newest sample of one series. */
export interface Sample {
  drone: string;
  channel: string;
  component: number;
  instance: string;
  time: string;
  values: Record<string, Value>;
}

export interface DroneEvent {
  drone: string;
  time: string;
  kind: string;
  /** MAV_SEVERITY: 0 emergency … 7 debug. */
  severity: number;
  component: number;
  text: string;
  data: Record<string, unknown>;
}

/** An RFC 9457 problem document. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
}

export interface Hello {
  type: "hello";
  protocol: number;
  /** Changes with each start of the bridge. */
  server: string;
  version: string;
  time: string;
  heartbeat_s: number;
  tick_ms: number;
  /** Whether the bridge has its broker; an older bridge does not tell. */
  broker?: boolean;
}

export interface Snapshot {
  type: "snapshot";
  subscription: string;
  cursor: string;
  part: number;
  more: boolean;
  drones?: DroneState[];
  samples?: Sample[];
  events?: DroneEvent[];
}

export interface Delta {
  type: "delta";
  subscription: string;
  cursor: string;
  drones?: DroneState[];
  samples?: Sample[];
  events?: DroneEvent[];
  gone?: string[];
  missed_events?: number;
}

export type ServerMessage =
  | Hello
  | Snapshot
  | Delta
  | { type: "heartbeat"; time: string; broker?: boolean }
  | { type: "pong"; id: string | number; time: string }
  | { type: "unsubscribed"; subscription: string }
  | { type: "error"; subscription: string | null; problem: Problem };

export interface Subscribe {
  type: "subscribe";
  subscription: string;
  drones?: string[];
  fleets?: string[];
  channels?: string[];
  /** West, south, east, north in degrees; west > east crosses the antimeridian. */
  bbox?: [number, number, number, number];
  /** Ask the drones for more and quicker data while this subscription lasts. */
  attention?: boolean;
  events?: boolean;
  resume?: string;
}

export type ClientMessage =
  | Subscribe
  | { type: "unsubscribe"; subscription: string }
  | { type: "ping"; id: string | number };
