/**
 * Statistics for Postgres's planner, renewed where much has changed.
 *
 * Autovacuum renews those of each month, but never those of `readings` itself, and waits until a tenth
 * of a table has changed. What always holds: only what changed is read, as slowly as autovacuum would
 * read it; a table that somebody works on is left for the next time.
 */
import type pg from 'pg';

/** Of a month or more, a day is about as much: the statistics are a day old then. */
const changedShare = 0.02;
/** Before Postgres 18 the statistics of `readings` itself cannot be had without those of every month. */
const onlySince = 180_000;
const parentEveryDays = 7;
/** A table takes about a second; a slow disk may take a minute. */
const statementTimeoutMs = 600_000;

/** Renews what is due, and returns the names of the tables. */
export async function refreshStatistics(client: pg.Client): Promise<string[]> {
  await client.query(
    `SET statement_timeout = ${statementTimeoutMs}; SET vacuum_cost_delay = '2ms'`,
  );
  const changed = await client.query<{ name: string }>(
    `SELECT relid::regclass::text AS name
       FROM pg_stat_user_tables
      WHERE (relid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'readings'::regclass)
             OR relid IN ('readings_5min'::regclass, 'readings_hourly'::regclass,
                          'readings_daily'::regclass, 'readings_counts'::regclass,
                          'sensors'::regclass, 'rejected_readings'::regclass))
        AND n_mod_since_analyze > $1::float8 * n_live_tup
      ORDER BY relid::regclass::text`,
    [changedShare],
  );
  const names = changed.rows.map(({ name }) => name);
  for (const name of names) await client.query(`ANALYZE (SKIP_LOCKED) ${name}`);
  const { rows } = await client.query<{ version: number; isDue: boolean }>(
    `SELECT current_setting('server_version_num')::integer AS version,
            coalesce(last_analyze < now() - interval '${parentEveryDays} days', true) AS "isDue"
       FROM pg_stat_user_tables WHERE relid = 'readings'::regclass`,
  );
  const [{ version, isDue }] = rows;
  if (version >= onlySince) await client.query('ANALYZE (SKIP_LOCKED) ONLY readings');
  else if (isDue) await client.query('ANALYZE (SKIP_LOCKED) readings');
  else return names;
  return [...names, 'readings'];
}
