/**
 * How many sensors are online, late and silent, as the database said last.
 *
 * What always holds: nobody waits for the database; one question is under way at a time, and none
 * while nobody wants to know; what is older than two minutes is not told.
 */
import { describeError, type Logger } from '@zdenergy/core';
import type { SensorPage, SensorTable } from '@zdenergy/storage';
import type { DatabaseState } from './health.js';
import { statusRule } from './sensor-status.js';

/** The table of sensors follows every 10 s. */
const askAgainMs = 10_000;
const staleMs = 120_000;

export interface SensorCountsParts {
  readonly table: Pick<SensorTable, 'list'>;
  readonly databaseState: () => DatabaseState;
  readonly logger: Logger;
}

/** What it returns gives what is known now; null: nothing is. It then asks, if it is time to. */
export function sensorCounts({
  table,
  databaseState,
  logger,
}: SensorCountsParts): () => SensorPage['counts'] | null {
  let known: SensorPage['counts'] | null = null;
  let knownAtMs = -Infinity;
  let askedAtMs = -Infinity;
  let isAsking = false;

  const ask = async (): Promise<void> => {
    isAsking = true;
    askedAtMs = performance.now();
    try {
      known = (await table.list({ ...everySensor, nowMs: Date.now() })).counts;
      knownAtMs = performance.now();
    } catch (error) {
      logger.debug(`The sensors could not be counted: ${describeError(error)}`);
    }
    isAsking = false;
  };

  return () => {
    const nowMs = performance.now();
    const isDue = nowMs - askedAtMs >= askAgainMs;
    if (isDue && !isAsking && databaseState().connected === true) void ask();
    return nowMs - knownAtMs < staleMs ? known : null;
  };
}

/** Counted all, listed none. */
const everySensor = {
  after: '',
  limit: 0,
  sensorIds: undefined,
  search: '',
  status: undefined,
  rule: statusRule,
} as const;
