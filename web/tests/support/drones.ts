/** Drones and samples as the bridge tells them, for tests. */

import { Drone } from "../../src/live/fleet";
import type { DroneEvent, DroneState, Sample, Value } from "../../src/live/protocol";

/** Milliseconds since 1970 that the tests call now. */
export const NOW_MS = Date.parse("2026-11-21T10:00:00.000000Z");

export function iso(timeMs: number): string {
  return new Date(timeMs).toISOString().replace("Z", "000Z");
}

/** A copter that flies and is well, with what differs. */
export function stateOfDrone(drone: string, different: Partial<DroneState> = {}): DroneState {
  return {
    drone,
    fleet: "demo",
    first_seen: null,
    presence: "online",
    presence_since: null,
    link: "up",
    vehicle: "copter",
    autopilot: "ardupilot",
    firmware: "4.7.0",
    system_id: 1,
    agent_version: "0.1.0",
    rate_policy: "standard",
    mode: "AUTO",
    armed: true,
    landed: "in_air",
    mission_item: null,
    failsafe: null,
    battery: { percent: 80, voltage: 15.9 },
    position: null,
    state_time: iso(NOW_MS),
    backlog: [],
    last_sample: iso(NOW_MS),
    clock_error_s: null,
    ...different,
  };
}

/** As `stateOfDrone`; it hears at the moment that `localMs` tells. */
export function droneWith(
  different: Partial<DroneState> = {},
  localMs: () => number = () => NOW_MS,
): Drone {
  return new Drone(stateOfDrone("d-1", different), localMs);
}

export function sampleOf(
  drone: string,
  channel: string,
  values: Record<string, Value>,
  timeMs: number = NOW_MS,
): Sample {
  return { drone, channel, component: 1, instance: "0", time: iso(timeMs), values };
}

export function eventOf(drone: string, text: string, timeMs: number = NOW_MS): DroneEvent {
  return {
    drone,
    time: iso(timeMs),
    kind: "statustext",
    severity: 6,
    component: 1,
    text,
    data: {},
  };
}
