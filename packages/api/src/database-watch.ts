/**
 * Watches whether Postgres answers, so that health can say so without asking.
 *
 * What always holds: one question is under way at a time; nothing here throws or keeps anybody
 * waiting.
 */
import { describeError, type Logger, type Running } from '@zdenergy/core';
import type { DatabaseProbe } from '@zdenergy/storage';
import type { DatabaseState } from './health.js';

/** From reliability: asked every 5 s, and has 2 s to answer. */
const intervalMs = 5_000;
const timeoutMs = 2_000;
/** While it is away, so that its return shows soon. */
const awayIntervalMs = 1_000;

export interface DatabaseWatch extends Running {
  state(): DatabaseState;
}

/** Starts at once; `onAnswer` runs after every answer that came. */
export function watchDatabase(
  probe: DatabaseProbe,
  logger: Logger,
  onAnswer: () => void,
): DatabaseWatch {
  let state: DatabaseState = { connected: null, problem: null };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const ask = async (): Promise<void> => {
    const before = state.connected;
    try {
      await probe.probe(timeoutMs);
      state = { connected: true, problem: null };
    } catch (error) {
      state = { connected: false, problem: describeError(error) };
    }
    if (stopped) return;
    logChange(before, state, logger);
    if (state.connected === true) onAnswer();
    timer = setTimeout(() => void ask(), state.connected === true ? intervalMs : awayIntervalMs);
  };
  void ask();

  return {
    state: () => state,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await probe.close();
    },
  };
}

function logChange(
  before: boolean | null,
  { connected, problem }: DatabaseState,
  logger: Logger,
): void {
  if (before === connected) return;
  const why = problem ?? 'no answer';
  if (connected === true) {
    if (before === false) logger.info('The database is back');
    return;
  }
  // At the start our own Postgres is often a moment later than this process.
  if (before === null) logger.info(`Waiting for the database: ${why}`);
  else logger.warning(`The database is away: ${why}`);
}
