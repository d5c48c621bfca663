/**
 * When a child that died starts again: a pure function of how it lived and died.
 *
 * What always holds: it never gives up; deaths in a row double the delay up to `maxDelayMs`; a
 * child that was ready for `settledMs` starts over with the shortest delay. A ready child that
 * somebody outside killed did nothing wrong: it is back after the shortest delay, however often.
 */

/** From here on: the figures for restarts in the reliability targets. */
const minDelayMs = 250;
const maxDelayMs = 30_000;
const jitter = 0.2;
const settledMs = 60_000;
const recentMs = 5 * 60_000;
/** More restarts than this in five minutes are not told apart; it bounds the memory. */
const maxRemembered = 1_000;

export interface Restarts {
  /** Deaths in a row that count as the child's own fault. */
  readonly deathsInARow: number;
  readonly total: number;
  /** When the latest restarts were decided, oldest first; monotonic milliseconds. */
  readonly recentAtMs: readonly number[];
}

export const noRestarts: Restarts = { deathsInARow: 0, total: 0, recentAtMs: [] };

export interface Death {
  /** How long it had been ready; 0 when it never was. */
  readonly readyForMs: number;
  /** Ended by a signal or request that was not ours. */
  readonly fromOutside: boolean;
}

/** It was ready, and somebody outside ended it. */
export const isBlameless = ({ fromOutside, readyForMs }: Death): boolean =>
  fromOutside && readyForMs > 0;

/**
 * The wait before the next start, and the history to go on with.
 * @param random from 0 up to 1, for the jitter that keeps children from restarting in step.
 */
export function afterDeath(
  restarts: Restarts,
  death: Death,
  nowMs: number,
  random: number,
): { readonly restarts: Restarts; readonly delayMs: number } {
  const blameless = isBlameless(death);
  const before = death.readyForMs >= settledMs ? 0 : restarts.deathsInARow;
  const deathsInARow = blameless ? before : before + 1;
  const doublings = blameless ? 0 : deathsInARow - 1;
  const steadyMs = Math.min(maxDelayMs, minDelayMs * 2 ** doublings);
  return {
    restarts: {
      deathsInARow,
      total: restarts.total + 1,
      recentAtMs: [...restarts.recentAtMs.filter((atMs) => isRecent(atMs, nowMs)), nowMs].slice(
        -maxRemembered,
      ),
    },
    delayMs: Math.round(steadyMs * (1 + jitter * (2 * random - 1))),
  };
}

/** Restarts in the last five minutes. */
export function recentRestarts(restarts: Restarts, nowMs: number): number {
  return restarts.recentAtMs.filter((atMs) => isRecent(atMs, nowMs)).length;
}

const isRecent = (atMs: number, nowMs: number): boolean => nowMs - atMs < recentMs;
