/**
 * Moving rows in from elsewhere: batch after batch, beside a zdenergy at work, or only tried.
 *
 * What always holds: a batch's rows, its rejects and how far the source has come are committed
 * together, with their account (table `imports`), so that an import that was killed goes on where it
 * stood and stores nothing twice; what follows `readings` is right with the same commit.
 */
import type pg from 'pg';
import { errorCode } from '@zdenergy/core';
import { readingColumns, rejectedColumns, splitRows } from '../copy-rows.js';
import type { ImportBatch } from '../import-batch.js';
import { copyIncoming, makeIncoming, sameReading, storeCarefully } from './careful-store.js';
import type { Outcome } from './careful-store.js';
import { connect, DatabaseUnavailable, describeDatabaseError } from './connection.js';
import type { Connection } from './connection.js';
import { copyRows, isRefusal } from './copy.js';
import { migrate } from './migrate.js';
import { ensurePartitions } from './partitions.js';
import { accountInRollups, rollupSession } from './rollups.js';
import { accountInSensors } from './sensors.js';
import { inTransaction } from './store.js';

/** A look at what arrived, which has to be waited for, may take a minute. */
const statementTimeoutMs = 120_000;
const batchTimeoutMs = 600_000;
/** Of two that store the same readings at once, Postgres ends one to let the other go on. */
const deadlockCodes = new Set(['40P01', '40001']);
const mostAttempts = 5;

export interface ImportSource {
  /** A digest of the source and of how it is read: the same one goes on where it stood. */
  readonly id: string;
  /** For a person; no password in it. */
  readonly name: string;
}

/** What became of rows that were read. */
export interface ImportOutcome {
  readonly stored: number;
  readonly duplicates: number;
  readonly rejected: number;
}

export interface ImportAccount extends ImportOutcome {
  readonly position: number;
}

export interface ImportState extends ImportAccount {
  /** As it was given with the last batch, as JSON; null: at the start. */
  readonly resumeAt: unknown;
  /** When the end was reached; null: not yet. */
  readonly finishedAt: Date | null;
}

/** Where batches go. */
export interface ImportTarget {
  readonly state: ImportState;
  /** Returns what became of the batch's rows. @throws {DatabaseUnavailable} */
  store(batch: ImportBatch, resumeAt: unknown): Promise<ImportOutcome>;
  /** The source's end was reached. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

const nothing: ImportState = {
  position: 0,
  stored: 0,
  duplicates: 0,
  rejected: 0,
  resumeAt: null,
  finishedAt: null,
};

/**
 * Opens the database to store in; its tables are made if they are not there.
 * @param again read the source from its start, whatever was read before.
 * @throws {DatabaseUnavailable}
 */
export async function openImport(
  databaseUrl: string,
  source: ImportSource,
  again: boolean,
): Promise<ImportTarget> {
  const { connection, run } = await openSession(databaseUrl);
  const months = new Set<number>();
  try {
    let state = await run(async (client) => {
      await migrate(client);
      await client.query(`SET statement_timeout = ${statementTimeoutMs}`);
      await client.query(`SET enable_seqscan = off; ${rollupSession}`);
      await client.query(
        'INSERT INTO imports (id, name) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING',
        [source.id, source.name],
      );
      const found = await findState(client, source);
      return again ? { ...found, resumeAt: null } : found;
    });
    return {
      get state() {
        return state;
      },
      async store(batch, resumeAt) {
        const outcome = await run(async (client) => {
          await ensurePartitions(client, batch.rows.months, months);
          return storeBatch(client, source, state, batch, resumeAt);
        });
        state = { ...added(state, outcome), resumeAt, finishedAt: null };
        return outcome;
      },
      finish: () =>
        run(async (client) => {
          await client.query('UPDATE imports SET finished_at = now() WHERE id = $1', [source.id]);
        }),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/**
 * Opens the database to see what an import would do. It changes nothing.
 * @throws {DatabaseUnavailable}
 */
export async function openImportTrial(
  databaseUrl: string,
  source: ImportSource,
  again: boolean,
): Promise<ImportTarget> {
  const { connection, run } = await openSession(databaseUrl);
  try {
    const hasTables = await run((client) => exists(client, 'readings'));
    const found = await run(async (client) =>
      (await exists(client, 'imports')) ? findState(client, source) : nothing,
    );
    let state = again ? { ...found, resumeAt: null } : found;
    return {
      get state() {
        return state;
      },
      async store(batch, resumeAt) {
        const outcome = hasTables
          ? await run((client) => judge(client, batch))
          : withRejects(batch, allStored(batch));
        state = { ...added(state, outcome), resumeAt, finishedAt: null };
        return outcome;
      },
      finish: () => Promise.resolve(),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

interface Session {
  readonly connection: Connection;
  readonly run: <Result>(work: (client: pg.Client) => Promise<Result>) => Promise<Result>;
}

async function openSession(databaseUrl: string): Promise<Session> {
  const connection = await connect(databaseUrl, 'zdenergy import');
  return {
    connection,
    async run(work) {
      try {
        return await connection.run(work, batchTimeoutMs);
      } catch (error) {
        throw new DatabaseUnavailable(describeDatabaseError(error, databaseUrl), error);
      }
    },
  };
}

/** Stores rows, account and position in one transaction; tried again when a deadlock ended it. */
async function storeBatch(
  client: pg.Client,
  source: ImportSource,
  from: ImportState,
  batch: ImportBatch,
  resumeAt: unknown,
): Promise<ImportOutcome> {
  const readings = batch.rows.readings.rows;
  const attempt = async (storeReadings: () => Promise<Outcome>): Promise<ImportOutcome> =>
    inTransaction(client, async () => {
      const outcome = withRejects(batch, await storeReadings());
      if (batch.rows.rejectedCount > 0) {
        await copyRows(client, `rejected_readings (${rejectedColumns})`, [
          batch.rows.rejected.rows,
        ]);
      }
      await moveImport(client, source, from, outcome, resumeAt);
      await accountInRollups(client, batch.buckets);
      // Last, for it keeps the list of sensors from moving on.
      await accountInSensors(client, batch.lastReadings);
      return outcome;
    });
  for (let attempts = 1; ; attempts += 1) {
    try {
      try {
        return await attempt(async () => {
          if (readings.length > 0)
            await copyRows(client, `readings (${readingColumns})`, [readings]);
          return allStored(batch);
        });
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
      return await attempt(() =>
        storeCarefully(client, [{ readings, origins: () => batch.rows.origins }]),
      );
    } catch (error) {
      if (attempts === mostAttempts || !deadlockCodes.has(errorCode(error) ?? '')) throw error;
    }
  }
}

/** @throws {Error} when another import of this source has moved meanwhile. */
async function moveImport(
  client: pg.Client,
  source: ImportSource,
  from: ImportState,
  outcome: ImportOutcome,
  resumeAt: unknown,
): Promise<void> {
  const to = added(from, outcome);
  const moved = await client.query(
    `UPDATE imports
        SET position = $3, stored = $4, duplicates = $5, rejected = $6, resume_at = $7,
            updated_at = now(), finished_at = NULL
      WHERE id = $1 AND position = $2`,
    [
      ...[source.id, from.position, to.position, to.stored, to.duplicates, to.rejected],
      JSON.stringify(resumeAt),
    ],
  );
  if (moved.rowCount === 1) return;
  throw new Error(
    `another import of ${source.name} is at work. Wait for it, or stop it; then run this again`,
  );
}

async function findState(client: pg.Client, source: ImportSource): Promise<ImportState> {
  const { rows } = await client.query<ImportState>(
    `SELECT position::float8, stored::float8, duplicates::float8, rejected::float8,
            resume_at AS "resumeAt", finished_at AS "finishedAt"
       FROM imports WHERE id = $1`,
    [source.id],
  );
  return rows[0] ?? nothing;
}

/** What would become of the batch's rows, by what is stored now. */
async function judge(client: pg.Client, batch: ImportBatch): Promise<ImportOutcome> {
  const { readingCount } = batch.rows;
  const readings = splitRows(batch.rows.readings.rows);
  const { stored, conflicts } = await inTransaction(client, async () => {
    await client.query(`${makeIncoming}; SET LOCAL enable_seqscan = off`);
    await copyIncoming(client, readings, 0);
    const { rows } = await client.query<{ stored: number; conflicts: number }>(
      `SELECT (count(*) FILTER (WHERE is_first AND r.time IS NULL))::float8 AS stored,
              (count(*) FILTER (WHERE r.time IS NOT NULL AND NOT (${sameReading})))::float8 AS conflicts
         FROM (SELECT *, n = min(n) OVER (PARTITION BY sensor_id, time) AS is_first
                 FROM incoming) AS i
         LEFT JOIN LATERAL (
           SELECT * FROM readings WHERE sensor_id = i.sensor_id AND time = i.time LIMIT 1
         ) AS r ON true`,
    );
    return rows[0];
  });
  return withRejects(batch, {
    stored,
    duplicates: readingCount - stored - conflicts,
    conflicts,
    refused: 0,
  });
}

const allStored = (batch: ImportBatch): Outcome => ({
  stored: batch.rows.readingCount,
  duplicates: 0,
  conflicts: 0,
  refused: 0,
});

function withRejects(
  batch: ImportBatch,
  { stored, duplicates, conflicts, refused }: Outcome,
): ImportOutcome {
  return { stored, duplicates, rejected: conflicts + refused + batch.rows.rejectedCount };
}

function added(account: ImportAccount, outcome: ImportOutcome): ImportAccount {
  const stored = account.stored + outcome.stored;
  const duplicates = account.duplicates + outcome.duplicates;
  const rejected = account.rejected + outcome.rejected;
  return { position: stored + duplicates + rejected, stored, duplicates, rejected };
}

async function exists(client: pg.Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS found',
    [table],
  );
  return rows[0].found;
}
