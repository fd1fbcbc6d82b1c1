/** How a past flight is played, and how keys and the pointer move its moment. */

export const SPEEDS = [1, 2, 5, 10, 60] as const;
export type Speed = (typeof SPEEDS)[number];

const STEP_MS = 1000;
const LONG_STEP_MS = 10_000;
const PAGE_PARTS = 20;

export interface Span {
  startMs: number;
  endMs: number;
}

/** Where the moment is on the slider, 0 to 1. */
export function fractionOf(momentMs: number, { startMs, endMs }: Span): number {
  if (!(endMs > startMs)) return 0;
  return Math.min(Math.max((momentMs - startMs) / (endMs - startMs), 0), 1);
}

export function momentOf(fraction: number, { startMs, endMs }: Span): number {
  return startMs + Math.min(Math.max(fraction, 0), 1) * (endMs - startMs);
}

/** The moment after a key, undefined for a key that moves nothing. */
export function momentAfterKey(
  key: string,
  shift: boolean,
  momentMs: number,
  span: Span,
): number | undefined {
  const step = shift ? LONG_STEP_MS : STEP_MS;
  const page = Math.max((span.endMs - span.startMs) / PAGE_PARTS, LONG_STEP_MS);
  const moves: Record<string, number> = {
    ArrowRight: momentMs + step,
    ArrowUp: momentMs + step,
    ArrowLeft: momentMs - step,
    ArrowDown: momentMs - step,
    PageUp: momentMs + page,
    PageDown: momentMs - page,
    Home: span.startMs,
    End: span.endMs,
  };
  const moved = moves[key];
  return moved === undefined ? undefined : Math.min(Math.max(moved, span.startMs), span.endMs);
}

/** The moment after so much real time, and whether the flight is over. */
export function played(momentMs: number, elapsedMs: number, speed: number, span: Span) {
  const next = momentMs + elapsedMs * speed;
  return { momentMs: Math.min(next, span.endMs), over: next >= span.endMs };
}
