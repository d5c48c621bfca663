/**
 * Keeps a table that follows the readings up to date: a look at what arrived, now and then.
 *
 * What always holds: one look is under way at a time, and between looks the database has at least
 * three times as long for other work, so that a long history is taken in without slowing anybody;
 * nothing here throws or keeps anybody waiting; a table that stays behind is told of once, and once it
 * moves again.
 */
import { describeError, formatDuration, type Logger, type Running } from '@zdenergy/core';

/** While no TCP worker has said anything, as after a start. */
const unknownIntervalMs = 1_000;
/** A reading counts as received a moment before its worker reports it as pending. */
const marginMs = 2_000;
const restFactor = 3;
const firstWindowMs = 60_000;
const minWindowMs = 1_000;
const maxWindowMs = 31 * 24 * 3_600_000;
/** Brief trouble mends itself at the next look. */
const usualStuckAfterMs = 5 * 60_000;

export interface ArrivalWatchParts {
  /** What is kept up to date, for the log. */
  readonly name: string;
  readonly table: {
    /** Null: another process looks. */
    look(completeUntilMs: number, windowMs: number): Promise<{ readonly untilMs: number } | null>;
    close(): Promise<void>;
  };
  /** How long to wait for the next look when nothing is left to look at. */
  readonly intervalMs: number;
  /** Looks end at multiples of this; 1: anywhere. */
  readonly stepMs: number;
  /** How much of what was received one look covers: about as much as takes this long. */
  readonly aimMs: number;
  /** After how long without a look that worked it is told. */
  readonly stuckAfterMs?: number;
  /** How long ago everything received was in the database; null: not known. */
  readonly incompleteMs: () => number | null;
  readonly logger: Logger;
}

/** Starts at once. */
export function watchArrivals({
  name,
  table,
  intervalMs,
  stepMs,
  aimMs,
  stuckAfterMs = usualStuckAfterMs,
  incompleteMs,
  logger,
}: ArrivalWatchParts): Running {
  let timer: NodeJS.Timeout | undefined;
  let windowMs = firstWindowMs;
  let stopped = false;
  /** When a look last worked, and how far what was complete had come by then. */
  let worked = { atMs: performance.now(), completeUntilMs: -Infinity };
  let isTold = false;

  const noteWorked = (completeUntilMs: number): void => {
    worked = { atMs: performance.now(), completeUntilMs };
    if (isTold) logger.info(`The ${name} is brought up to date again`);
    isTold = false;
  };
  /** While the database is away nothing gets complete either, and that is told elsewhere. */
  const noteFailed = (completeUntilMs: number, error: unknown): void => {
    logger.debug(`The ${name} could not be brought up to date: ${describeError(error)}`);
    const stuckMs = performance.now() - worked.atMs;
    const isBehind = completeUntilMs - worked.completeUntilMs > stuckAfterMs;
    if (isTold || stuckMs < stuckAfterMs || !isBehind) return;
    isTold = true;
    logger.warning(
      `The ${name} has not been brought up to date for ${formatDuration(stuckMs)}: ${describeError(error)}`,
    );
  };

  /** Returns how long to wait before the next look. */
  const look = async (): Promise<number> => {
    const sinceMs = incompleteMs();
    if (sinceMs === null) return unknownIntervalMs;
    const completeMs = Date.now() - sinceMs - marginMs;
    const completeUntilMs = Math.floor(completeMs / stepMs) * stepMs;
    const startedAtMs = performance.now();
    try {
      const result = await table.look(completeUntilMs, windowMs);
      const tookMs = performance.now() - startedAtMs;
      windowMs = nextWindowMs(windowMs, tookMs, aimMs);
      noteWorked(completeUntilMs);
      const isBehind = result !== null && result.untilMs < completeUntilMs;
      return isBehind ? tookMs * restFactor : Math.max(intervalMs, tookMs * restFactor);
    } catch (error) {
      windowMs = nextWindowMs(windowMs, performance.now() - startedAtMs, aimMs);
      noteFailed(completeUntilMs, error);
      return intervalMs;
    }
  };
  const run = async (): Promise<void> => {
    const waitMs = await look();
    if (!stopped) timer = setTimeout(() => void run(), waitMs);
  };
  void run();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await table.close();
    },
  };
}

/** Doubled when a look was quick, halved when it was slow. */
export function nextWindowMs(windowMs: number, tookMs: number, aimMs: number): number {
  if (tookMs > aimMs) return Math.max(minWindowMs, windowMs / 2);
  return tookMs < aimMs / 4 ? Math.min(maxWindowMs, windowMs * 2) : windowMs;
}
