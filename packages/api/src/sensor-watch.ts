/** Keeps the table of sensors up to date, as arrival-watch.ts does it: every 10 s. */
import type { Logger, Running } from '@zdenergy/core';
import type { SensorTable } from '@zdenergy/storage';
import { watchArrivals } from './arrival-watch.js';

export interface SensorWatchParts {
  readonly table: SensorTable;
  /** How long ago everything received was in the database; null: not known. */
  readonly incompleteMs: () => number | null;
  readonly logger: Logger;
}

/** Starts at once. */
export function watchSensors(parts: SensorWatchParts): Running {
  return watchArrivals({
    ...parts,
    name: 'table of sensors',
    intervalMs: 10_000,
    stepMs: 1,
    aimMs: 500,
  });
}
