/** Which fields can be plotted, how they are found, named and converted. */

import type { StoredSeries } from "../api";
import type { Channel } from "../live/channels";

/** One field of one series. */
export interface PlotField {
  /** `channel/component/instance/field`. */
  key: string;
  channel: string;
  component: number;
  instance: string;
  field: string;
  /** As it is plotted; "" for counts and states. */
  unit: string;
  /** Plotted value = stored value × this. */
  factor: number;
  description: string;
  /** Short and unambiguous among the drone's fields. */
  label: string;
}

/** MAVLink's component id of an autopilot. */
const AUTOPILOT = 1;
/** Fields of one plot: more cannot be told apart. */
export const MOST_FIELDS = 6;
const MOST_UNITS = 2;

const DEGREES = 180 / Math.PI;
/** People read angles in degrees; exports keep the stored unit. */
const SHOWN_UNITS: Record<string, { unit: string; factor: number }> = {
  rad: { unit: "°", factor: DEGREES },
  "rad/s": { unit: "°/s", factor: DEGREES },
  deg: { unit: "°", factor: 1 },
  "deg/s": { unit: "°/s", factor: 1 },
  degC: { unit: "°C", factor: 1 },
  "m/s/s": { unit: "m/s²", factor: 1 },
};

/** Fields that hold words, which no plot can show. */
const WORDS = new Set(["event/text", "event/data"]);

/** Every field that is stored of a drone, in the order of the channel table. */
export function plotFields(
  channels: readonly Channel[],
  stored: readonly StoredSeries[],
): PlotField[] {
  const fields: PlotField[] = [];
  const known = new Map(channels.map((channel, index) => [channel.name, { channel, index }]));
  const order = (series: StoredSeries) => known.get(series.channel)?.index ?? channels.length;
  const sorted = stored.toSorted(
    (a, b) =>
      order(a) - order(b) ||
      a.channel.localeCompare(b.channel) ||
      a.component - b.component ||
      a.instance.localeCompare(b.instance, "en", { numeric: true }),
  );
  for (const series of sorted) {
    const channel = known.get(series.channel)?.channel;
    const alone = stored.filter(({ channel: name }) => name === series.channel).length === 1;
    for (const field of channel?.fields ?? []) {
      if (WORDS.has(`${series.channel}/${field.name}`)) continue;
      const { unit, factor } = SHOWN_UNITS[field.unit] ?? { unit: field.unit, factor: 1 };
      fields.push({
        key: fieldKey(series, field.name),
        channel: series.channel,
        component: series.component,
        instance: series.instance,
        field: field.name,
        unit,
        factor,
        description: field.description,
        label: `${series.channel}${alone ? "" : seriesName(series)}.${field.name}`,
      });
    }
  }
  return fields;
}

function fieldKey({ channel, component, instance }: StoredSeries, field: string): string {
  return `${channel}/${component}/${instance}/${field}`;
}

function seriesName({ component, instance }: StoredSeries): string {
  return component === AUTOPILOT ? `[${instance}]` : `[${instance}, component ${component}]`;
}

/** Fields that have all words somewhere, those first whose own name begins with the first word. */
export function searchFields(fields: readonly PlotField[], query: string): PlotField[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const [first] = words;
  if (first === undefined) return [...fields];
  const found = fields.filter((field) => {
    const text = `${field.label} ${field.unit} ${field.description}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const rank = ({ field, channel }: PlotField) =>
    field.toLowerCase().startsWith(first) ? 0 : channel.startsWith(first) ? 1 : 2;
  return found.sort((a, b) => rank(a) - rank(b));
}

export interface Preset {
  name: string;
  /** `channel.field`. */
  fields: readonly string[];
}

export const PRESETS: readonly Preset[] = [
  { name: "Altitude", fields: ["position.relative_alt", "vfr.climb"] },
  { name: "Speed", fields: ["vfr.groundspeed", "vfr.airspeed"] },
  { name: "Battery", fields: ["system.voltage_battery", "system.battery_remaining"] },
  { name: "Attitude", fields: ["attitude.roll", "attitude.pitch"] },
  { name: "GPS", fields: ["gps.satellites_visible", "gps.eph"] },
  {
    name: "Vibration",
    fields: ["vibration.vibration_x", "vibration.vibration_y", "vibration.vibration_z"],
  },
];

/** The preset's fields of the drone; the autopilot's first instance where there are several. */
export function fieldsOfPreset(preset: Preset, fields: readonly PlotField[]): PlotField[] {
  const found = preset.fields.map((wanted) => {
    const same = fields.filter(({ channel, field }) => `${channel}.${field}` === wanted);
    return same.find(({ component }) => component === AUTOPILOT) ?? same[0];
  });
  return found.filter((field) => field !== undefined);
}

/** The units of a plot's axes: left, right. */
export function unitsOf(fields: readonly PlotField[]): string[] {
  return [...new Set(fields.map(({ unit }) => unit))];
}

/** Why a field cannot be added, in words; null: it can. */
export function whyNot(field: PlotField, chosen: readonly PlotField[]): string | null {
  if (chosen.length >= MOST_FIELDS) return `A plot has at most ${MOST_FIELDS} fields.`;
  const units = unitsOf([...chosen, field]);
  return units.length > MOST_UNITS ? "A plot has at most two units." : null;
}
