/**
 * The database as an independent witness of what was stored.
 *
 * What always holds: a lost connection is replaced at the next question, so that tests may stop and
 * kill the server as they like.
 */
import pg from 'pg';
import { within, type Releases } from '@zdenergy/core';

const connectTimeoutMs = 2_000;
const queryTimeoutMs = 20_000;

type Row = Record<string, unknown>;

export class Database {
  readonly #pool: pg.Pool;

  constructor(url: string, releases: Releases) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: 2,
      connectionTimeoutMillis: connectTimeoutMs,
      // Kept, so that a session outlives a change of the password.
      idleTimeoutMillis: 0,
      query_timeout: queryTimeoutMs,
      application_name: 'system test',
    });
    this.#pool.on('error', () => undefined);
    releases.push(async () => {
      await within(this.#pool.end(), connectTimeoutMs);
    });
  }

  async rows<Result extends Row = Row>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<Result[]> {
    return (await this.#pool.query<Result>(sql, [...values])).rows;
  }

  /** The first row. @throws {Error} when there is none. */
  async row<Result extends Row = Row>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<Result> {
    const [row] = await this.rows<Result>(sql, values);
    if (row === undefined) throw new Error(`no row: ${sql}`);
    return row;
  }

  /** How many rows there are; in `readings` those of a sensor, if one is named. */
  async count(table: 'readings' | 'rejected_readings', sensorId?: string): Promise<number> {
    const where = sensorId === undefined ? '' : 'WHERE sensor_id = $1';
    const values = sensorId === undefined ? [] : [sensorId];
    const { n } = await this.row<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${table} ${where}`,
      values,
    );
    return n;
  }

  /** Keeps everybody else from a table, until what it returns is called. */
  lock(table: 'readings'): Promise<() => Promise<void>> {
    return this.hold(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  }

  /** Begins a transaction with a statement that takes a lock; what it returns ends it. */
  async hold(takeLock: string): Promise<() => Promise<void>> {
    const client = await this.#pool.connect();
    await client.query(`BEGIN; ${takeLock}`);
    return async () => {
      await client.query('ROLLBACK');
      client.release();
    };
  }
}
