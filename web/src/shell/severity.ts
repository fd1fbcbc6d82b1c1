/** MAV_SEVERITY in words, and how loudly each asks for attention. */

import type { Tone } from "../live/condition";

const WORDS = [
  "emergency",
  "alert",
  "critical",
  "error",
  "warning",
  "notice",
  "info",
  "debug",
] as const;
const WARNING = 4;

export function severityWord(severity: number): string {
  return WORDS[severity] ?? "info";
}

export function severityTone(severity: number): Tone {
  if (severity < WARNING) return "critical";
  return severity === WARNING ? "warning" : "quiet";
}
