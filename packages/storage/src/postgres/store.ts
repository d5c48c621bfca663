/**
 * Stores a part of the journal in Postgres: its rows and the journal's new position, in one transaction.
 *
 * The usual way is COPY straight into the tables. Only a part that Postgres refuses, because a
 * reading is there already or a value cannot be held, is stored again the careful way: through a
 * temporary table, compared with what is there, split until the culprit stands alone. What always
 * holds: either all of a part is accounted for (stored, duplicate or rejected) or none of it.
 */
import type pg from 'pg';
import { firstReceiptUs, readingColumns, rejectedColumns, RowBuffer } from '../copy-rows.js';
import type { Checkpoint } from '../journal/checkpoint.js';
import type { JournalPart } from '../journal/journal.js';
import { noteLateArrivals } from './arrivals.js';
import { storeCarefully, type Outcome } from './careful-store.js';
import { copyRows, isRefusal } from './copy.js';
import { moveProgress } from './progress.js';

/**
 * What was received longer ago counts as late. Who brings the tables that follow `readings` up to date
 * waits for 2 s after a receipt (arrival-watch.ts); the rest is for the commit.
 */
const lateAfterMs = 1_000;

export interface StoredPart {
  readonly progress: Checkpoint;
  /** What became of its readings. */
  readonly outcome: Outcome;
}

/**
 * Stores `part`, which starts at `progress.position`, and returns the new progress. The partitions
 * that its readings need must be there.
 * @throws {ProgressMoved} and whatever Postgres says of a lost connection, a full disk and the like.
 */
export async function storePart(
  client: pg.Client,
  progress: Checkpoint,
  part: JournalPart,
): Promise<StoredPart> {
  const readings = sum(part.records.map(({ readingCount }) => readingCount));
  try {
    return await inTransaction(client, async () => {
      await copyReadings(client, part);
      const outcome = { stored: readings, duplicates: 0, conflicts: 0, refused: 0 };
      return { progress: await settle(client, progress, part, outcome), outcome };
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  return inTransaction(client, async () => {
    const outcome = await storeCarefully(client, part.records);
    return { progress: await settle(client, progress, part, outcome), outcome };
  });
}

/** Writes the part's rejects and lost items, and moves the journal's position. */
async function settle(
  client: pg.Client,
  progress: Checkpoint,
  part: JournalPart,
  outcome: Outcome,
): Promise<Checkpoint> {
  const rejects = sum(part.records.map(({ rejectedCount }) => rejectedCount));
  const lost = sum(part.lost.map(({ from, to }) => to - from));
  const rows = part.records.map(({ rejected }) => rejected).filter(({ length }) => length > 0);
  if (lost > 0) rows.push(rowsOfLost(part));
  if (rows.length > 0) {
    await copyRows(client, `rejected_readings (${rejectedColumns})`, rows);
  }
  const next: Checkpoint = {
    journal: progress.journal,
    position: part.end,
    stored: progress.stored + outcome.stored,
    duplicates: progress.duplicates + outcome.duplicates,
    rejected: progress.rejected + outcome.conflicts + outcome.refused + rejects + lost,
    skipped: progress.skipped + part.skipped,
  };
  await noteIfLate(client, part);
  await moveProgress(client, progress, next);
  return next;
}

/** Looked at when all rows are written, which may have taken its time. */
async function noteIfLate(client: pg.Client, { records }: JournalPart): Promise<void> {
  let firstUs = Infinity;
  let lastUs = -Infinity;
  for (const { readings, readingCount, writtenAtMs } of records) {
    if (readingCount === 0) continue;
    const receivedAtUs = firstReceiptUs(readings);
    firstUs = Math.min(firstUs, receivedAtUs);
    // Its last one was received before it was written, unless the clock was set.
    lastUs = Math.max(lastUs, receivedAtUs, (writtenAtMs + 1) * 1_000);
  }
  if (firstUs < (Date.now() - lateAfterMs) * 1_000) {
    await noteLateArrivals(client, firstUs, lastUs);
  }
}

function rowsOfLost(part: JournalPart): Buffer {
  const buffer = new RowBuffer(1024);
  for (const { from, to, segment } of part.lost) {
    buffer.addRejected(
      Date.now() * 1_000,
      'unknown',
      `the journal is damaged: ${to - from} readings of ${segment} cannot be read`,
      `items ${from} to ${to - 1}; the bytes are kept in the journal's directory, in damaged/`,
    );
  }
  return Buffer.from(buffer.rows);
}

async function copyReadings(client: pg.Client, part: JournalPart): Promise<void> {
  const rows = part.records.map(({ readings }) => readings).filter(({ length }) => length > 0);
  if (rows.length > 0) await copyRows(client, `readings (${readingColumns})`, rows);
}

/** Runs work in a transaction. */
export async function inTransaction<Result>(
  client: pg.Client,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
