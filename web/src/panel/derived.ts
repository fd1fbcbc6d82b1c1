/** Values that more than one channel can tell, and the words for MAVLink's numbers. */

import { UNKNOWN } from "../format";
import {
  BATTERY_CRITICAL_PERCENT,
  BATTERY_WARNING_PERCENT,
  FIX_3D,
  type Tone,
} from "../live/condition";
import { field, firstOf, type Origin, type Reading, reading, wordOf } from "../readings/reading";

/** GPS_FIX_TYPE. */
const FIXES: Record<number, string> = {
  0: "no GPS",
  1: "no fix",
  2: "2D",
  3: "3D",
  4: "DGPS",
  5: "RTK float",
  6: "RTK fixed",
  7: "static",
  8: "PPP",
};

export interface Gps {
  fix: Reading;
  word: string;
  satellites: number | null;
  hdop: number | null;
  /** Metres, 1 sigma. */
  accuracy: number | null;
  tone: Tone;
}

/** What a receiver tells; a fix below 3D asks for attention only while armed. */
export function gpsOf(origin: Origin, instance = "0"): Gps {
  const fix = reading(origin, "gps", "fix_type", instance);
  const values = origin.source.sample(origin.drone, "gps", instance)?.values;
  const bad = fix.value !== null && fix.value < FIX_3D;
  return {
    fix,
    word: wordOf(FIXES, fix.value),
    satellites: field(values, "satellites_visible"),
    hdop: field(values, "eph"),
    accuracy: field(values, "h_acc"),
    tone: bad && origin.source.doing(origin.drone).armed === true ? "warning" : "quiet",
  };
}

export interface BatteryReadings {
  percent: Reading;
  /** Volts. */
  voltage: Reading;
}

/** The main battery, from whichever message the autopilot sends. */
export function mainBattery(origin: Origin): BatteryReadings {
  const [first = "0"] = origin.source.instances(origin.drone, "battery");
  return {
    percent: firstOf(
      reading(origin, "battery", "battery_remaining", first),
      reading(origin, "system", "battery_remaining"),
    ),
    voltage: firstOf(
      reading(origin, "system", "voltage_battery"),
      reading(origin, "battery", packVoltage, first),
    ),
  };
}

/** MAVLink's mark in `voltages` for a cell that does not exist, after scaling to volts. */
const NO_CELL_V = 60;

/** Volts of the cells; one entry alone is the pack's voltage. */
export function cellVoltages(values: Record<string, unknown>): number[] {
  const cells: number[] = [];
  for (let cell = 0; cell < 10; cell += 1) {
    const volts = values[`voltages_${cell}`];
    if (typeof volts === "number" && volts > 0 && volts < NO_CELL_V) cells.push(volts);
  }
  return cells;
}

export function packVoltage(values: Record<string, unknown>): number | null {
  const cells = cellVoltages(values);
  return cells.length === 0 ? null : cells.reduce((sum, volts) => sum + volts, 0);
}

export function batteryTone(percent: number | null): Tone {
  if (percent === null || percent > BATTERY_WARNING_PERCENT) return "quiet";
  return percent <= BATTERY_CRITICAL_PERCENT ? "critical" : "warning";
}

/** Metres per second over ground. */
export function groundSpeed(origin: Origin): Reading {
  return firstOf(
    reading(origin, "position", ({ vx, vy }) =>
      typeof vx === "number" && typeof vy === "number" ? Math.hypot(vx, vy) : null,
    ),
    reading(origin, "vfr", "groundspeed"),
  );
}

/** Metres per second, up is positive. */
export function climbRate(origin: Origin): Reading {
  return firstOf(
    reading(origin, "position", ({ vz }) => (typeof vz === "number" ? -vz : null)),
    reading(origin, "vfr", "climb"),
  );
}

const EARTH_RADIUS_M = 6_371_009;

/** Metres between two places, along the ground; degrees in. */
export function groundDistance(
  from: { lat: number; lon: number },
  to: { lat: number; lon: number },
): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const lat = radians(to.lat - from.lat);
  const lon = radians(to.lon - from.lon);
  const haversine =
    Math.sin(lat / 2) ** 2 +
    Math.cos(radians(from.lat)) * Math.cos(radians(to.lat)) * Math.sin(lon / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(haversine)));
}

/** Metres from home along the ground; as old as the position, for home stays where it is. */
export function distanceFromHome(origin: Origin): Reading {
  const home = origin.source.sample(origin.drone, "home")?.values;
  const lat = field(home, "latitude");
  const lon = field(home, "longitude");
  return reading(origin, "position", (values) => {
    const here = { lat: field(values, "lat"), lon: field(values, "lon") };
    if (lat === null || lon === null || here.lat === null || here.lon === null) return null;
    return groundDistance({ lat, lon }, { lat: here.lat, lon: here.lon });
  });
}

export interface Health {
  word: string;
  tone: Tone;
  /** Where it comes from. */
  of: Reading;
}

/** The estimator's worst variance in words; ArduPilot acts at 0.8, PX4's ratios at 1. */
export function estimatorHealth(origin: Origin): Health {
  const ekf = reading(origin, "ekf", worstOf(EKF_VARIANCES));
  const limit = ekf.value === null ? PX4_LIMIT : ARDUPILOT_LIMIT;
  const of = firstOf(ekf, reading(origin, "estimator", worstOf(ESTIMATOR_RATIOS)));
  if (of.value === null) return { word: UNKNOWN, tone: "quiet", of };
  if (of.value < UNCERTAIN) return { word: "good", tone: "quiet", of };
  if (of.value < limit) return { word: "uncertain", tone: "warning", of };
  return { word: "bad", tone: "critical", of };
}

const UNCERTAIN = 0.5;
const ARDUPILOT_LIMIT = 0.8;
const PX4_LIMIT = 1;
const EKF_VARIANCES = [
  "velocity_variance",
  "pos_horiz_variance",
  "pos_vert_variance",
  "compass_variance",
];
const ESTIMATOR_RATIOS = ["vel_ratio", "pos_horiz_ratio", "pos_vert_ratio", "mag_ratio"];

/** ArduPilot's own limits for vibration, m/s/s. */
const VIBRATION_HIGH = 30;
const VIBRATION_VERY_HIGH = 60;

export function vibrationHealth(origin: Origin): Health {
  const of = reading(origin, "vibration", worstOf(["vibration_x", "vibration_y", "vibration_z"]));
  if (of.value === null) return { word: UNKNOWN, tone: "quiet", of };
  if (of.value < VIBRATION_HIGH) return { word: "normal", tone: "quiet", of };
  if (of.value < VIBRATION_VERY_HIGH) return { word: "high", tone: "warning", of };
  return { word: "very high", tone: "critical", of };
}

function worstOf(names: readonly string[]) {
  return (values: Record<string, unknown>): number | null => {
    const known = names.map((name) => values[name]).filter((value) => typeof value === "number");
    return known.length === 0 ? null : Math.max(...known);
  };
}

export interface Wind {
  /** Where it comes from, degrees. */
  direction: Reading;
  /** Metres per second. */
  speed: Reading;
}

export function windOf(origin: Origin): Wind {
  return {
    direction: firstOf(
      reading(origin, "wind", "direction"),
      reading(origin, "wind_cov", ({ wind_x, wind_y }) =>
        typeof wind_x === "number" && typeof wind_y === "number"
          ? (Math.atan2(-wind_y, -wind_x) * 180) / Math.PI
          : null,
      ),
    ),
    speed: firstOf(
      reading(origin, "wind", "speed"),
      reading(origin, "wind_cov", ({ wind_x, wind_y }) =>
        typeof wind_x === "number" && typeof wind_y === "number"
          ? Math.hypot(wind_x, wind_y)
          : null,
      ),
    ),
  };
}
