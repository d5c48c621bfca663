/**
 * A session for measuring: what a benchmark has to ask of the database, and nothing else does.
 *
 * What always holds: all it makes is in a schema of its own, which it drops; it sees what is
 * committed, as any other session would.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type pg from 'pg';
import { errorCode } from '@zdenergy/core';
import { startOfMonthMs } from '../batch.js';
import { readingColumns } from '../copy-rows.js';
import { connect, DatabaseUnavailable, describeDatabaseError } from './connection.js';

/** Loading millions of rows on a slow disk takes its time; more than this is no measurement. */
const timeoutMs = 600_000;
const schema = 'zdenergy_bench';
const insufficientPrivilege = '42501';

export interface ServerDescription {
  /** Such as 17.2. */
  readonly version: string;
  /** Settings that decide how fast and how safe a commit is, by name. */
  readonly settings: Readonly<Record<string, string>>;
}

/** What became of the items of all journals. */
export interface JournalTotals {
  /** Grows with every commit that stores something. */
  readonly position: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly rejected: number;
}

/** Readings by their key; both lists have the same length. */
export interface ReadingKeys {
  readonly sensorIds: readonly string[];
  /** As texts that Postgres reads, with an offset. */
  readonly times: readonly string[];
}

export interface MeasuringSession {
  /** The session's own process, where the server is on this machine. */
  readonly backendPid: number;
  describeServer(): Promise<ServerDescription>;
  journalTotals(): Promise<JournalTotals>;
  /** The indexes of the keys whose readings are committed. */
  findStored(keys: ReadingKeys): Promise<number[]>;
  /** The only reading of a sensor: its time in epoch milliseconds; undefined while there is none. */
  findOnly(sensorId: string): Promise<number | undefined>;
  /** Readings of the sensors whose ids start so, in a range of time (the end is left out). */
  countStored(prefix: string, from: string, to: string): Promise<number>;
  /** Removes every reading. For a database made for the benchmark, of course. */
  emptyReadings(): Promise<void>;
  /** False when this user may not. */
  checkpoint(): Promise<boolean>;
  /** Makes a table like `readings`: same columns, key and indexes, and partitions for the range. */
  makeCopyTable(fromMs: number, toMs: number): Promise<void>;
  emptyCopyTable(): Promise<void>;
  dropCopyTable(): Promise<void>;
  /** COPYs text rows with the columns of `copyTextColumns`; committed when it resolves. */
  copyText(chunks: readonly Buffer[]): Promise<void>;
  close(): Promise<void>;
}

/** The columns of the rows that `copyText` takes, in order. */
export const copyTextColumns = readingColumns.split(', ');

/** @throws {DatabaseUnavailable} */
export async function openMeasuringSession(databaseUrl: string): Promise<MeasuringSession> {
  const connection = await connect(databaseUrl, 'zdenergy bench');
  const run = async <Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
    try {
      return await connection.run(work, timeoutMs);
    } catch (error) {
      throw new DatabaseUnavailable(describeDatabaseError(error, databaseUrl), error);
    }
  };
  const execute = (sql: string): Promise<void> =>
    run(async (client) => {
      await client.query(sql);
    });
  // Keys are looked up in the index, however small the table still is; what that makes look dear
  // must not be compiled first.
  await execute(
    `SET statement_timeout = 0; SET enable_seqscan = off; SET enable_bitmapscan = off;
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off`,
  );
  const [{ pid }] = await run(
    async (client) => (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows,
  );
  return {
    backendPid: pid,
    describeServer: () => run(describeServer),
    journalTotals: () => run(journalTotals),
    findStored: (keys) => run((client) => findStored(client, keys)),
    findOnly: (sensorId) => run((client) => findOnly(client, sensorId)),
    countStored: (prefix, from, to) => run((client) => countStored(client, prefix, from, to)),
    emptyReadings: () => execute('TRUNCATE readings'),
    checkpoint: () => run(checkpoint),
    makeCopyTable: (fromMs, toMs) => execute(copyTableSql(fromMs, toMs)),
    emptyCopyTable: () => execute(`TRUNCATE ${schema}.readings`),
    dropCopyTable: () => execute(`DROP SCHEMA IF EXISTS ${schema} CASCADE`),
    copyText: (chunks) => run((client) => copyText(client, chunks)),
    close: () => connection.close(),
  };
}

async function describeServer(client: pg.Client): Promise<ServerDescription> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `SELECT name, current_setting(name) AS setting FROM pg_settings
      WHERE name IN ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes',
                     'shared_buffers', 'max_wal_size')
      ORDER BY name`,
  );
  const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  const { server_version: version = 'unknown', ...others } = settings;
  return { version: version.split(' ')[0], settings: others };
}

async function journalTotals(client: pg.Client): Promise<JournalTotals> {
  const { rows } = await client.query<Record<keyof JournalTotals, string>>({
    name: 'journal totals',
    text: `SELECT coalesce(sum(position), 0) AS position, coalesce(sum(stored), 0) AS stored,
                  coalesce(sum(duplicates), 0) AS duplicates, coalesce(sum(rejected), 0) AS rejected
             FROM journals`,
  });
  const [totals] = rows;
  return {
    position: Number(totals.position),
    stored: Number(totals.stored),
    duplicates: Number(totals.duplicates),
    rejected: Number(totals.rejected),
  };
}

async function findStored(client: pg.Client, keys: ReadingKeys): Promise<number[]> {
  const { rows } = await client.query<{ index: number }>({
    name: 'find stored',
    text: `SELECT key.number::int - 1 AS index
             FROM unnest($1::text[], $2::timestamptz[])
                  WITH ORDINALITY AS key (sensor_id, time, number),
                  -- Kept apart by its limit: joined, a plan made for an empty table would go on reading
                  -- all of it for each key.
                  LATERAL (SELECT FROM readings
                            WHERE readings.sensor_id = key.sensor_id AND readings.time = key.time
                            LIMIT 1) AS stored`,
    values: [keys.sensorIds, keys.times],
  });
  return rows.map(({ index }) => index);
}

async function findOnly(client: pg.Client, sensorId: string): Promise<number | undefined> {
  // A server that has just started may still be about to make its tables.
  const made = await client.query<{ made: boolean }>(
    "SELECT to_regclass('readings') IS NOT NULL AS made",
  );
  if (!made.rows[0].made) return undefined;
  const { rows } = await client.query<{ ms: number }>(
    `SELECT (extract(epoch FROM time) * 1000)::float8 AS ms FROM readings WHERE sensor_id = $1`,
    [sensorId],
  );
  return rows[0]?.ms;
}

async function countStored(
  client: pg.Client,
  prefix: string,
  from: string,
  to: string,
): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `SELECT count(*) FROM readings WHERE starts_with(sensor_id, $1) AND time >= $2 AND time < $3`,
    [prefix, from, to],
  );
  return Number(rows[0].count);
}

async function checkpoint(client: pg.Client): Promise<boolean> {
  try {
    await client.query('CHECKPOINT');
    return true;
  } catch (error) {
    if (errorCode(error) === insufficientPrivilege) return false;
    throw error;
  }
}

/** Made anew, should an earlier run have left one behind. */
function copyTableSql(fromMs: number, toMs: number): string {
  const month = (ms: number): number => {
    const date = new Date(ms);
    return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
  };
  const partitions: string[] = [];
  for (let number = month(fromMs); number <= month(toMs); number += 1) {
    const from = new Date(startOfMonthMs(number)).toISOString();
    const to = new Date(startOfMonthMs(number + 1)).toISOString();
    partitions.push(
      `CREATE TABLE ${schema}.readings_${number} PARTITION OF ${schema}.readings
         FOR VALUES FROM ('${from}') TO ('${to}')`,
    );
  }
  return [
    `DROP SCHEMA IF EXISTS ${schema} CASCADE`,
    `CREATE SCHEMA ${schema}`,
    `CREATE TABLE ${schema}.readings (LIKE public.readings INCLUDING ALL) PARTITION BY RANGE (time)`,
    ...partitions,
  ].join(';\n');
}

async function copyText(client: pg.Client, chunks: readonly Buffer[]): Promise<void> {
  const columns = copyTextColumns.join(', ');
  const stream = client.query(copyFrom(`COPY ${schema}.readings (${columns}) FROM STDIN`));
  await pipeline(Readable.from(chunks), stream);
}
