/**
 * The partitions of `readings`, one for each month (UTC), made ahead, or when the first reading needs
 * them.
 *
 * What always holds: a partition is attached, not created in place, so that neither readers nor
 * other writers of `readings` are locked out meanwhile.
 */
import type pg from 'pg';
import { startOfMonthMs } from '../batch.js';

/** Two workers may want the same month at once. */
export const partitionsLockKey = 7_246_001;

/** Makes sure that readings of these months (see `Batch.months`) have a place. */
export async function ensurePartitions(
  client: pg.Client,
  months: Iterable<number>,
  known: Set<number>,
): Promise<void> {
  for (const month of months) {
    if (known.has(month)) continue;
    await ensurePartition(client, month);
    known.add(month);
  }
}

/** Makes the partitions of the current and the next month (UTC); returns the names of new ones. */
export async function makePartitionsAhead(client: pg.Client, nowMs: number): Promise<string[]> {
  const now = new Date(nowMs);
  const month = (now.getUTCFullYear() - 1970) * 12 + now.getUTCMonth();
  const made: string[] = [];
  for (const wanted of [month, month + 1]) {
    if (await ensurePartition(client, wanted)) made.push(partitionName(wanted));
  }
  return made;
}

/** Of a month, see `Batch.months`. */
export function partitionName(month: number): string {
  const from = new Date(startOfMonthMs(month)).toISOString();
  return `readings_${from.slice(0, 4)}_${from.slice(5, 7)}`;
}

/** Undefined when it is no name of a month's partition. */
export function monthOfPartition(name: string): number | undefined {
  const [, year, month] = /^readings_(\d{4})_(0[1-9]|1[0-2])$/.exec(name) ?? [];
  return year === undefined ? undefined : (Number(year) - 1970) * 12 + Number(month) - 1;
}

export async function partitionNames(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
      WHERE inhparent = 'readings'::regclass`,
  );
  return rows.map(({ name }) => name);
}

/** True when it was not there. */
async function ensurePartition(client: pg.Client, month: number): Promise<boolean> {
  const from = new Date(startOfMonthMs(month)).toISOString();
  const to = new Date(startOfMonthMs(month + 1)).toISOString();
  const name = partitionName(month);
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [partitionsLockKey]);
    const existing = await client.query(
      `SELECT FROM pg_inherits
        WHERE inhparent = 'readings'::regclass AND inhrelid = to_regclass($1)`,
      [name],
    );
    if (existing.rowCount === 0) {
      await client.query(
        `CREATE TABLE ${name} (LIKE readings INCLUDING ALL);
         ALTER TABLE readings ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
      );
    }
    await client.query('COMMIT');
    return existing.rowCount === 0;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * From when to when there are partitions, so that no reading can stand outside; milliseconds since
 * 1970, and null when there are none yet.
 */
export async function partitionedRange(
  client: pg.Client,
): Promise<{ readonly fromMs: number; readonly toMs: number } | null> {
  const { rows } = await client.query<{ fromMs: number | null; toMs: number | null }>(
    `SELECT (extract(epoch FROM min(month)) * 1000)::float8 AS "fromMs",
            (extract(epoch FROM max(month) + interval '1 month') * 1000)::float8 AS "toMs"
       FROM (SELECT to_date(right(relname, 7), 'YYYY_MM')::timestamp AS month
               FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
              WHERE inhparent = 'readings'::regclass) AS partitions`,
  );
  const { fromMs, toMs } = rows[0];
  return fromMs === null || toMs === null ? null : { fromMs, toMs };
}
