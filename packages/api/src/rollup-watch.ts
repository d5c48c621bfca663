/**
 * Keeps the rollups up to date, as arrival-watch.ts does it.
 *
 * What always holds: caught up, looks end where 5 minutes end, so that nearly every row is made once
 * and not once for each reading.
 */
import { formatDuration, type Logger, type Running } from '@zdenergy/core';
import type { Rollups } from '@zdenergy/storage';
import { watchArrivals } from './arrival-watch.js';

export interface RollupWatchParts {
  readonly table: Rollups;
  /** How long ago everything received was in the database; null: not known. */
  readonly incompleteMs: () => number | null;
  readonly logger: Logger;
}

/** Starts at once. */
export function watchRollups({ table, ...parts }: RollupWatchParts): Running {
  const logged: Pick<Rollups, 'look' | 'close'> = {
    async look(completeUntilMs, windowMs) {
      const startedAtMs = performance.now();
      const look = await table.look(completeUntilMs, windowMs);
      if (look !== null && look.buckets > 0) {
        const took = formatDuration(performance.now() - startedAtMs);
        parts.logger.debug(`Rollups: made ${look.buckets} rows of 5 minutes, in ${took}`);
      }
      return look;
    },
    close: () => table.close(),
  };
  return watchArrivals({
    ...parts,
    table: logged,
    name: 'rollups',
    // Most of these find no new 5 minutes, which costs next to nothing.
    intervalMs: 20_000,
    stepMs: 5 * 60_000,
    // 10,000 sensors that send every 5 s take about 2 s for 5 minutes.
    aimMs: 3_000,
  });
}
