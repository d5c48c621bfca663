/**
 * Brings the schema up to date: the .sql files of `migrations/`, in the order of their names.
 *
 * What always holds: each file is applied once, in a transaction of its own, by one process at a
 * time (an advisory lock); a file that was edited after it was applied is an error. Whoever stores or
 * reads waits for a migration's lock on a table for half a second at the most: it is given up when it
 * is not free at once, because of a long export say, and tried again.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, errorCode } from '@zdenergy/core';
import type pg from 'pg';
import { connect } from './connection.js';

const directory = new URL('../../migrations/', import.meta.url);
/** Any number will do, as long as nothing else in the database locks it. */
const lockKey = 7_246_000;
/** Whoever comes while the lock is waited for waits behind it. */
const tableLockTimeoutMs = 500;
/** Some five minutes. Whoever drains begins again after that. */
const tableLockAttempts = 120;
/** Between two attempts everybody gets on with his work. */
const tableLockRestMs = 2_000;
const lockNotAvailable = '55P03';

/**
 * Brings a database up to date, for somebody who does not want to wait until a worker does it.
 * @returns the names of the files that were applied now.
 * @throws {Error} as `migrate`, or when the database cannot be reached.
 */
export async function migrateDatabase(databaseUrl: string): Promise<string[]> {
  const connection = await connect(databaseUrl, 'zdenergy migrate');
  try {
    return await migrate(connection.client);
  } finally {
    await connection.close();
  }
}

/**
 * @returns the names of the files that were applied now.
 * @throws {Error} when a file was edited, or Postgres refuses one.
 */
export async function migrate(client: pg.Client): Promise<string[]> {
  const news: string[] = [];
  await client.query('SET statement_timeout = 0');
  await client.query('SELECT pg_advisory_lock($1)', [lockKey]);
  try {
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
      name text PRIMARY KEY,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
    const applied = await client.query<{ name: string; checksum: string }>(
      'SELECT name, checksum FROM schema_migrations',
    );
    const checksums = new Map(applied.rows.map(({ name, checksum }) => [name, checksum]));
    for (const { name, sql, checksum } of await migrationFiles()) {
      const known = checksums.get(name);
      if (known === undefined) {
        await applyWhenFree(client, name, checksum, sql);
        news.push(name);
      } else if (known !== checksum) {
        throw new Error(
          `The migration ${name} was edited after it was applied. Restore it, and add a new file.`,
        );
      }
    }
    return news;
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [lockKey]).catch(() => undefined);
    await client.query('RESET statement_timeout').catch(() => undefined);
  }
}

export interface MigrationFile {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** The files of `migrations/`, in the order in which they are applied. */
export async function migrationFiles(): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, directory), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function applyWhenFree(
  client: pg.Client,
  name: string,
  checksum: string,
  sql: string,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await apply(client, name, checksum, sql);
      return;
    } catch (error) {
      const isHeld = errorCode(error) === lockNotAvailable;
      if (isHeld && attempt < tableLockAttempts) {
        await sleep(tableLockRestMs);
        continue;
      }
      const why = isHeld
        ? 'somebody uses the tables all the time, such as a long export'
        : describeError(error);
      throw new Error(`The migration ${name} failed: ${why}`, { cause: error });
    }
  }
}

async function apply(
  client: pg.Client,
  name: string,
  checksum: string,
  sql: string,
): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = ${tableLockTimeoutMs}`);
    await client.query(sql);
    await client.query('INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)', [
      name,
      checksum,
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
