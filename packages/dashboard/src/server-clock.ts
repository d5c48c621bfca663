/**
 * The server's clock, as far as the page can tell: ages are worked out by it, since the computer in
 * front of the operator may run minutes off.
 *
 * What always holds: a difference that the way of a message explains is none.
 */

/** The server's times are cut to seconds, and a message takes its time. */
const toleranceMs = 3_000;

let offsetMs = 0;

/** The server has just said what time it is. */
export function hearServerTime(timestamp: string): void {
  const differenceMs = Date.parse(timestamp) + 500 - Date.now();
  if (!Number.isFinite(differenceMs)) return;
  offsetMs = Math.abs(differenceMs) < toleranceMs ? 0 : differenceMs;
}

export const serverNowMs = (): number => Date.now() + offsetMs;
