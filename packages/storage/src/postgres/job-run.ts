/**
 * One run of a scheduled job: its connection, its lock and its row in `job_runs`.
 *
 * What always holds: of all processes that use the database one runs a job at a time (an advisory lock
 * that ends with the connection); a shared job that is done for a day is not done again for it by
 * anybody; a run that is told to stop ends within a second or two, and what it had not committed is
 * undone.
 */
import { describeError } from '@zdenergy/core';
import type pg from 'pg';
import { connect, DatabaseUnavailable, describeDatabaseError } from './connection.js';

const lockKeys = {
  partitions: 7_246_010,
  retention: 7_246_011,
  statistics: 7_246_012,
  'daily-export': 7_246_013,
} as const;

export type JobName = keyof typeof lockKeys;

export interface JobOrder {
  readonly job: JobName;
  /** The day that it is due for, as YYYY-MM-DD. */
  readonly day: string;
  /** False: what it does is not in the database, so that each process has to do it. */
  readonly isShared: boolean;
  /** What a run gets in all. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface JobSession {
  /** For the job's own work; statements have the usual timeout. */
  readonly client: pg.Client;
  /** The day that it was done for before; null: never. */
  readonly doneFor: string | null;
  /** What the database's clock showed when the run began; milliseconds since 1970. */
  readonly databaseNowMs: number;
}

export type JobOutcome =
  /** It ran; `did` says what it did. */
  | { readonly outcome: 'done'; readonly did: string }
  /** Another process runs it. */
  | { readonly outcome: 'busy' }
  /** It was done for that day. */
  | { readonly outcome: 'already done' }
  /** The tables are not there yet: whoever drains makes them. */
  | { readonly outcome: 'too early' };

/** The job cannot be done, for a reason outside the database; the message says what to do. */
export class JobProblem extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'JobProblem';
  }
}

/**
 * Runs a job unless somebody else runs it or has done it; `work` returns what it did, in words.
 * @throws {DatabaseUnavailable} and {JobProblem}
 */
export async function runJob(
  databaseUrl: string,
  order: JobOrder,
  work: (session: JobSession) => Promise<string>,
): Promise<JobOutcome> {
  const connection = await connect(databaseUrl, `zdenergy ${order.job}`);
  const cut = (): void => void connection.close();
  order.signal.addEventListener('abort', cut);
  try {
    order.signal.throwIfAborted();
    return await connection.run((client) => runLocked(client, order, work), order.timeoutMs);
  } catch (error) {
    if (error instanceof JobProblem) throw error;
    throw new DatabaseUnavailable(describeDatabaseError(error, databaseUrl), error);
  } finally {
    order.signal.removeEventListener('abort', cut);
    await connection.close();
  }
}

async function runLocked(
  client: pg.Client,
  { job, day, isShared }: JobOrder,
  work: (session: JobSession) => Promise<string>,
): Promise<JobOutcome> {
  // Otherwise a long statement, and the lock with it, would outlive a process that was killed.
  await client.query(
    `SELECT set_config(name, '1000', false) FROM pg_settings
      WHERE name = 'client_connection_check_interval'`,
  );
  const { rows } = await client.query<{
    isReady: boolean;
    isMine: boolean;
    databaseNowMs: number;
  }>(
    `SELECT to_regclass('job_runs') IS NOT NULL AS "isReady", pg_try_advisory_lock($1) AS "isMine",
            (extract(epoch FROM now()) * 1000)::float8 AS "databaseNowMs"`,
    [lockKeys[job]],
  );
  const [{ isReady, isMine, databaseNowMs }] = rows;
  if (!isReady) return { outcome: 'too early' };
  if (!isMine) return { outcome: 'busy' };
  const known = await client.query<{ doneFor: string | null }>(
    'SELECT done_for::text AS "doneFor" FROM job_runs WHERE job = $1',
    [job],
  );
  const doneFor = known.rows.length === 0 ? null : known.rows[0].doneFor;
  if (isShared && doneFor === day) return { outcome: 'already done' };
  await client.query(
    `INSERT INTO job_runs (job, started_at, outcome, detail) VALUES ($1, now(), 'running', '')
     ON CONFLICT (job) DO UPDATE
        SET started_at = now(), ended_at = NULL, outcome = 'running', detail = ''`,
    [job],
  );
  try {
    const did = await work({ client, doneFor, databaseNowMs });
    await noteEnd(client, job, 'done', did, day);
    return { outcome: 'done', did };
  } catch (error) {
    // With the connection gone the row goes on to say that it runs, until it does again.
    await noteEnd(client, job, 'failed', describeError(error), doneFor).catch(() => undefined);
    throw error;
  }
}

async function noteEnd(
  client: pg.Client,
  job: JobName,
  outcome: 'done' | 'failed',
  detail: string,
  doneFor: string | null,
): Promise<void> {
  await client.query(
    `UPDATE job_runs SET ended_at = now(), outcome = $2, detail = $3, done_for = $4::date
      WHERE job = $1`,
    [job, outcome, detail, doneFor],
  );
}
