/**
 * The partitions of `readings`, one for each month (UTC), made when the first reading needs them.
 *
 * What always holds: a partition is attached, not created in place, so that neither readers nor
 * other writers of `readings` are locked out meanwhile.
 */
import type pg from 'pg';
import { startOfMonthMs } from '../batch.js';

/** Two workers may want the same month at once. */
const lockKey = 7_246_001;

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

async function ensurePartition(client: pg.Client, month: number): Promise<void> {
  const from = new Date(startOfMonthMs(month)).toISOString();
  const to = new Date(startOfMonthMs(month + 1)).toISOString();
  const name = `readings_${from.slice(0, 4)}_${from.slice(5, 7)}`;
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [lockKey]);
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
