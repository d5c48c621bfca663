/**
 * A table of another server's database, read in the order of its key.
 *
 * What always holds: nothing is changed there (the session is read-only); memory does not depend on how
 * large the table is; a server that says nothing for a minute is given up. Errors are fit for a person.
 */
import { within } from '@zdenergy/core';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { connect, DatabaseUnavailable, describeDatabaseError } from './connection.js';

/** Sorting a large table without an index for its key takes its time. */
const longestMs = 24 * 3_600_000;
const silentMs = 60_000;

export interface OldColumn {
  readonly name: string;
  /** As Postgres names it, such as `timestamp without time zone`. */
  readonly type: string;
  /** A whole number of which there are no two. */
  readonly isKey: boolean;
}

export interface OldTable {
  /** Where it is, for a person: host, database and table. */
  readonly name: string;
  readonly columns: readonly OldColumn[];
  /** The smallest and the largest key; null: there is no row. */
  extent(key: string): Promise<{ readonly first: number; readonly last: number } | null>;
  /**
   * The rows with a key above `after`, ascending, as text of COPY: the key, then the fields. A field
   * that is null is NULL in every row.
   */
  rows(
    key: string,
    fields: readonly (string | null)[],
    after: string | null,
  ): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

/** @throws {DatabaseUnavailable}, or an error when there is no such table. */
export async function openOldTable(url: string, table: string): Promise<OldTable> {
  const connection = await connect(url, 'zdenergy import');
  const run = async <Result>(
    work: (client: pg.Client) => Promise<Result>,
    timeoutMs?: number,
  ): Promise<Result> => {
    try {
      return await connection.run(work, timeoutMs);
    } catch (error) {
      const problem = describeDatabaseError(error, url).replaceAll('DATABASE_URL', '--from');
      throw new DatabaseUnavailable(problem, error);
    }
  };
  try {
    await run((client) =>
      client.query(
        `SET default_transaction_read_only = on; SET TimeZone = 'UTC'; SET DateStyle = 'ISO';
         SET extra_float_digits = 1`,
      ),
    );
    const { name, quoted } = await run((client) => findTable(client, table));
    const columns = await run((client) => columnsOf(client, quoted));
    const column = pg.escapeIdentifier;
    return {
      name,
      columns,
      extent: (key) =>
        run(async (client) => {
          const { rows } = await client.query<{ first: number | null; last: number | null }>(
            `SELECT min(${column(key)})::float8 AS first, max(${column(key)})::float8 AS last
               FROM ${quoted}`,
          );
          const { first, last } = rows[0];
          return first === null || last === null ? null : { first, last };
        }, longestMs),
      async *rows(key, fields, after) {
        const selected = [key, ...fields].map((field) => (field === null ? 'NULL' : column(field)));
        const where = after === null ? '' : `WHERE ${column(key)} > ${pg.escapeLiteral(after)}`;
        const sql = `COPY (SELECT ${selected.join(', ')} FROM ${quoted} ${where}
                            ORDER BY ${column(key)}) TO STDOUT`;
        await run((client) => client.query('SET statement_timeout = 0'));
        const stream = connection.client.query(copyTo(sql));
        yield* impatient(stream, (error) =>
          describeDatabaseError(error, url).replaceAll('DATABASE_URL', '--from'),
        );
      },
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Its name for a person, and for SQL. @throws {Error} when it is not there. */
async function findTable(
  client: pg.Client,
  table: string,
): Promise<{ name: string; quoted: string }> {
  const { rows } = await client.query<{ quoted: string | null; database: string; found: string[] }>(
    `SELECT to_regclass($1)::text AS quoted, current_database() AS database,
            ARRAY(SELECT quote_ident(schemaname) || '.' || quote_ident(relname)
                    FROM pg_stat_user_tables ORDER BY 1 LIMIT 20) AS found`,
    [table],
  );
  const [{ quoted, database, found }] = rows;
  if (quoted !== null) {
    return { name: `${quoted} of ${database} at ${client.host}:${client.port}`, quoted };
  }
  throw new Error(
    `There is no table ${table} in database ${database}. Name it with --table. ` +
      `There ${found.length === 0 ? 'is none' : `are ${found.join(', ')}`}.`,
  );
}

async function columnsOf(client: pg.Client, quoted: string): Promise<OldColumn[]> {
  const { rows } = await client.query<OldColumn>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type,
            atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND EXISTS (
              SELECT FROM pg_index
               WHERE indrelid = attrelid AND indisunique AND indpred IS NULL
                 AND indnkeyatts = 1 AND indkey[0] = attnum) AS "isKey"
       FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
      ORDER BY attnum`,
    [quoted],
  );
  return rows;
}

/** The chunks of a stream whose sender must not be silent for long. */
async function* impatient(
  stream: AsyncIterable<Buffer>,
  describe: (error: unknown) => string,
): AsyncGenerator<Buffer> {
  const chunks = stream[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Buffer, unknown> | 'late';
    try {
      next = await within(chunks.next(), silentMs);
    } catch (error) {
      throw new DatabaseUnavailable(describe(error), error);
    }
    if (next === 'late') {
      const error = new Error(`Postgres has not answered for ${silentMs / 1_000} s`);
      throw new DatabaseUnavailable(describe(error), error);
    }
    if (next.done === true) return;
    yield next.value;
  }
}
