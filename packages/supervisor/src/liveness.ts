/**
 * Who hangs: pure functions over the supervisor's own regular checks and a child's signs of life.
 *
 * What always holds: silence counts only while the supervisor itself was awake. After the machine
 * or the whole process tree was paused every sign of life looks old, so each child gets its full
 * time again from the moment of waking, and nobody is judged before two punctual checks in a row.
 */

/** How often the supervisor looks. */
export const checkIntervalMs = 1_000;
/** A check this late means that the supervisor was not running, rather than a little busy. */
const lateCheckMs = 2 * checkIntervalMs;

/** A worker's heartbeat comes every second; ten that are missing are no accident. */
export const heartbeatLimitMs = 10_000;
/** From fork to ready. */
export const bootLimitMs = 30_000;

/** All times are monotonic milliseconds. */
export interface Wakefulness {
  readonly checkedAtMs: number;
  readonly awakeSinceMs: number;
  readonly checksInARow: number;
}

export function awakeSince(nowMs: number): Wakefulness {
  return { checkedAtMs: nowMs, awakeSinceMs: nowMs, checksInARow: 0 };
}

/** What a check at `nowMs` says of the supervisor itself. */
export function afterCheck(previous: Wakefulness, nowMs: number): Wakefulness {
  if (nowMs - previous.checkedAtMs > lateCheckMs) return awakeSince(nowMs);
  return { ...previous, checkedAtMs: nowMs, checksInARow: previous.checksInARow + 1 };
}

/** Whether a child whose last sign of life came at `lastSignAtMs` has been silent for too long. */
export function isHung(wakefulness: Wakefulness, lastSignAtMs: number, limitMs: number): boolean {
  const silentSinceMs = Math.max(lastSignAtMs, wakefulness.awakeSinceMs);
  return wakefulness.checksInARow >= 2 && wakefulness.checkedAtMs - silentSinceMs > limitMs;
}
