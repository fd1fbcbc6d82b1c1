/** A value of a drone, ready to be shown: its text, how fresh it is, and what is said of its age. */

import { UNKNOWN } from "../format";
import { ageText, type Freshness, freshness } from "../live/age";
import type { Channels } from "../live/channels";
import type { Value } from "../live/protocol";
import type { TimedSample, ValueSource } from "../values";

export interface Reading {
  value: number | null;
  freshness: Freshness;
  /** Empty while it is fresh. */
  note: string;
  /** The sample's own time, milliseconds since 1970; left out where there is no sample. */
  timeMs?: number;
}

/** What is told of a value's age. */
export type Age = Omit<Reading, "value">;

export const FRESH: Age = { freshness: "fresh", note: "" };

/** That of what the page cannot know while nothing comes in from the drones. */
export const CUT_OFF: Age = { freshness: "gone", note: "not live" };

/** What a reading comes from. */
export interface Origin {
  drone: string;
  source: ValueSource;
  channels: Channels;
}

export const NOTHING: Reading = { value: null, freshness: "fresh", note: "" };

/** How fresh a sample of a channel is, and the words for it. */
export function ageOf(
  { drone, source, channels }: Origin,
  channel: string,
  sample: TimedSample | undefined,
): Age {
  if (sample === undefined) return { freshness: "fresh", note: "" };
  const ageMs = source.ageMs(drone, sample);
  const fresh = freshness(ageMs, channels.staleAfterS(channel));
  return { freshness: fresh, note: ageText(ageMs, fresh), timeMs: sample.timeMs };
}

/** One field of a channel's newest sample, worked on by `of` where it needs more than one. */
export function reading(
  origin: Origin,
  channel: string,
  of: string | ((values: Record<string, Value>) => number | null),
  instance = "0",
): Reading {
  const sample = origin.source.sample(origin.drone, channel, instance);
  if (sample === undefined) return NOTHING;
  const value = typeof of === "string" ? number(sample.values[of]) : of(sample.values);
  return { value, ...ageOf(origin, channel, sample) };
}

/** The first reading that has a value; else the last one. */
export function firstOf(...readings: Reading[]): Reading {
  return readings.find(({ value }) => value !== null) ?? readings.at(-1) ?? NOTHING;
}

export function number(value: Value | undefined): number | null {
  return typeof value === "number" ? value : null;
}

/** A number of `values` by name, null where it is not one. */
export function field(values: Record<string, Value> | undefined, name: string): number | null {
  return number(values?.[name]);
}

/** A word for a number that stands for something. */
export function wordOf(words: Record<number, string>, value: number | null): string {
  return value === null ? UNKNOWN : (words[value] ?? `${value}`);
}
