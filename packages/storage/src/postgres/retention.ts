/**
 * Retention: old months of readings go, with everything that was summed up from them.
 *
 * What always holds: a month goes whole, in one transaction, from `readings`, from the rollups and from
 * the table of sensors, so that all answers agree before and after; meanwhile nobody brings those tables
 * up to date (their advisory locks); who reads or writes `readings` waits for half a second at the most,
 * for the table is locked only for the last step, and given up when it is not free at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '@zdenergy/core';
import type pg from 'pg';
import { startOfMonthMs } from '../batch.js';
import { JobProblem } from './job-run.js';
import {
  monthOfPartition,
  partitionName,
  partitionNames,
  partitionsLockKey,
} from './partitions.js';
import { rollupsLockKey } from './rollups.js';
import { sensorsLockKey } from './sensors.js';

const dayMs = 24 * 3_600_000;
/** Ten thousand sensors have 90 million rows of 5 minutes in a month. */
const statementTimeoutMs = 1_800_000;
/** A look at what arrived takes about 3 s. */
const followersLockTimeoutMs = 60_000;
/** Whoever comes while the lock is waited for waits behind it. */
const tableLockTimeoutMs = 500;
const tableLockAttempts = 15;
/** Between two attempts everybody gets on with his work. */
const tableLockRestMs = 2_000;
const lockNotAvailable = '55P03';

export interface DroppedMonth {
  /** As 2025-10. */
  readonly month: string;
  readonly readings: number;
}

/** The start of the first day (UTC) whose readings are kept. */
export function keptSinceMs(nowMs: number, retentionDays: number): number {
  return Math.floor(nowMs / dayMs) * dayMs - retentionDays * dayMs;
}

/** The months, the oldest first, that were over before then; see `Batch.months`. */
export function monthsBefore(names: readonly string[], sinceMs: number): number[] {
  return names
    .flatMap((name) => monthOfPartition(name) ?? [])
    .filter((month) => startOfMonthMs(month + 1) <= sinceMs)
    .sort((a, b) => a - b);
}

/**
 * Drops every month that was over before `sinceMs`, one after the other; `onDropped` is told of each.
 * @param followersWaitMs how long it waits for whoever brings the tables up to date that follow.
 * @throws {JobProblem} when `readings` or these are not free; what was dropped by then stays dropped.
 */
export async function dropMonthsBefore(
  client: pg.Client,
  sinceMs: number,
  onDropped: (dropped: DroppedMonth) => void,
  followersWaitMs = followersLockTimeoutMs,
): Promise<void> {
  for (const month of monthsBefore(await partitionNames(client), sinceMs)) {
    onDropped(await dropMonth(client, month, followersWaitMs));
  }
}

/** Deletes what was refused before then; returns how many. */
export async function deleteRejectedBefore(client: pg.Client, sinceMs: number): Promise<number> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL statement_timeout = ${statementTimeoutMs}`);
    const { rowCount } = await client.query(
      'DELETE FROM rejected_readings WHERE rejected_at < to_timestamp($1)',
      [sinceMs / 1_000],
    );
    await client.query('COMMIT');
    return rowCount ?? 0;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function dropMonth(
  client: pg.Client,
  month: number,
  followersWaitMs: number,
): Promise<DroppedMonth> {
  const name = partitionName(month);
  const range = [startOfMonthMs(month) / 1_000, startOfMonthMs(month + 1) / 1_000];
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL statement_timeout = ${statementTimeoutMs}`);
    await holdFollowers(client, name, followersWaitMs);
    const readings = await deleteSums(client, range);
    // What follows is found by indexes; of what has only just come there are no statistics.
    await client.query('SET LOCAL enable_seqscan = off');
    const notSummedUp = await countNotSummedUp(client, name);
    await client.query(deleteSensors, range);
    await dropPartition(client, name);
    await client.query('COMMIT');
    return { month: name.slice(-7).replace('_', '-'), readings: readings + notSummedUp };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Keeps everybody from bringing the sums and the table of sensors up to date. @throws {JobProblem} */
async function holdFollowers(client: pg.Client, name: string, waitMs: number): Promise<void> {
  try {
    await client.query(
      `SET LOCAL lock_timeout = ${waitMs};
       SELECT pg_advisory_xact_lock(${rollupsLockKey}), pg_advisory_xact_lock(${sensorsLockKey})`,
    );
  } catch (error) {
    if (errorCode(error) !== lockNotAvailable) throw error;
    throw new JobProblem(
      `${name} is not dropped yet: the averages or the table of sensors are being brought up to date, ` +
        `or an import is at work, for more than ${waitMs / 1_000} s`,
      error,
    );
  }
}

/** Returns how many readings they stood for. */
async function deleteSums(client: pg.Client, range: readonly number[]): Promise<number> {
  const inRange = 'bucket >= to_timestamp($1) AND bucket < to_timestamp($2)';
  for (const table of ['readings_5min', 'readings_hourly']) {
    await client.query(`DELETE FROM ${table} WHERE ${inRange}`, [...range]);
  }
  const { rows } = await client.query<{ readings: number }>(
    `WITH gone AS (DELETE FROM readings_counts WHERE ${inRange} RETURNING readings)
     SELECT coalesce(sum(readings), 0)::float8 AS readings FROM gone`,
    [...range],
  );
  return rows[0].readings;
}

async function countNotSummedUp(client: pg.Client, name: string): Promise<number> {
  const { rows } = await client.query<{ readings: number }>(
    `SELECT count(*)::float8 AS readings FROM ${name}
      WHERE received_at > (SELECT received_until FROM rollups_progress)`,
  );
  return rows[0].readings;
}

/** Those of which nothing is left. One that reports meanwhile is found by the next look. */
const deleteSensors = `
  DELETE FROM sensors AS gone
   WHERE time >= to_timestamp($1) AND time < to_timestamp($2)
     AND NOT EXISTS (SELECT FROM readings
                      WHERE sensor_id = gone.sensor_id
                        AND (time < to_timestamp($1) OR time >= to_timestamp($2)))`;

/** @throws {JobProblem} when `readings` is not free. */
async function dropPartition(client: pg.Client, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await client.query('SAVEPOINT attempt');
    try {
      await client.query(
        `SET LOCAL lock_timeout = ${tableLockTimeoutMs};
         SELECT pg_advisory_xact_lock(${partitionsLockKey});
         ALTER TABLE readings DETACH PARTITION ${name};
         DROP TABLE ${name}`,
      );
      return;
    } catch (error) {
      if (errorCode(error) !== lockNotAvailable) throw error;
      if (attempt === tableLockAttempts) {
        throw new JobProblem(
          `${name} is not dropped yet: somebody uses readings all the time, such as a long export`,
          error,
        );
      }
      await client.query('ROLLBACK TO SAVEPOINT attempt');
    }
    await sleep(tableLockRestMs);
  }
}
