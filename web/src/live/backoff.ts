/** How long to wait before the next attempt to reach the server. */

const FIRST_MS = 1000;
const LONGEST_MS = 15_000;
/** The server is full or does not want us now: come back later than the impatient. */
const REFUSED_MS = 30_000;
const JITTER = 0.3;

/** The server's close code for too many connections. */
export const TOO_MANY_CONNECTIONS = 1013;

/**
 * Milliseconds until the next attempt after `failures` in a row. `random` in [0, 1) spreads the
 * pages of a control room, so that a restarted server does not meet all of them at once.
 */
export function retryDelayMs(failures: number, closeCode: number, random: number): number {
  const base =
    closeCode === TOO_MANY_CONNECTIONS
      ? REFUSED_MS
      : Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(base * (1 - JITTER + 2 * JITTER * random));
}
