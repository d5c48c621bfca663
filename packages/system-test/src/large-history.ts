/**
 * A long history, written by the database itself: a reading a minute of each sensor, until now.
 *
 * What always holds: the tables are those that zdenergy makes; whole days are summed up as it would
 * sum them up, and of the day that is not over it has done so itself when this returns.
 */
import type { Database } from './database.js';
import { eventually } from './wait.js';

const minutesPerDay = 1_440;
const minuteMs = 60_000;
const dayMs = minutesPerDay * minuteMs;
/** Held by whoever brings the rollups up to date. */
const rollupsLock = 7_246_004;
/** They end where 5 minutes end, and the last of these may not be over. */
const behindMs = 10 * minuteMs;
/** Looked at every 20 s, then a minute at a time, then two, … */
const summedUpWithinMs = 120_000;

export interface History {
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: number;
}

/** The id of a sensor, from 1 on. */
export const historySensor = (number: number): string => `site-${String(number).padStart(3, '0')}`;

/** Writes so many whole days (UTC) and what there is of today, into a database of zdenergy's. */
export async function writeHistory(
  database: Database,
  { days, sensors }: { readonly days: number; readonly sensors: number },
): Promise<History> {
  // The tables are made by whoever of zdenergy connects first.
  await eventually(() => database.row('SELECT received_until FROM rollups_progress'));
  const toMs = Math.floor(Date.now() / minuteMs) * minuteMs;
  const todayMs = Math.floor(toMs / dayMs) * dayMs;
  const fromMs = todayMs - days * dayMs;
  const minutesToday = (toMs - todayMs) / minuteMs;
  // Half a day must not be summed up while the other half is written.
  const letSumUp = await database.hold(`SELECT pg_advisory_xact_lock(${rollupsLock})`);
  for (let startMs = fromMs; startMs < todayMs; startMs += dayMs) {
    await ensureMonth(database, new Date(startMs));
    await database.rows(writeDay, [startMs / 1_000, minutesPerDay, sensors]);
  }
  await ensureMonth(database, new Date(todayMs));
  await database.rows(writeReadings, [todayMs / 1_000, minutesToday, sensors]);
  await database.rows('UPDATE rollups_progress SET received_until = to_timestamp($1)', [
    todayMs / 1_000,
  ]);
  for (const table of ['readings_5min', 'readings_hourly', 'readings_counts']) {
    await database.rows(`ANALYZE ${table}`);
  }
  await letSumUp();
  await eventually(async () => {
    const { until } = await database.row<{ until: Date }>(
      'SELECT received_until AS until FROM rollups_progress',
    );
    if (until.getTime() < toMs - behindMs)
      throw new Error(`summed up until ${until.toISOString()}`);
  }, summedUpWithinMs);
  return { fromMs, toMs, rows: (days * minutesPerDay + minutesToday) * sensors };
}

async function ensureMonth(database: Database, day: Date): Promise<void> {
  const month = (offset: number): string =>
    new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + offset)).toISOString();
  const name = `readings_${month(0).slice(0, 7).replace('-', '_')}`;
  const { found } = await database.row<{ found: string | null }>(
    'SELECT to_regclass($1) AS found',
    [name],
  );
  if (found !== null) return;
  await database.rows(
    `CREATE TABLE ${name} (LIKE readings INCLUDING ALL);
     ALTER TABLE readings ATTACH PARTITION ${name} FOR VALUES FROM ('${month(0)}') TO ('${month(1)}')`,
  );
}

const measured = ['temperature', 'humidity', 'lux', 'irradiance'];
const each = (part: (column: string) => string): string => measured.map(part).join(', ');

/** Averages, extremes and counts, in the order of the columns of the rollups. */
const summedUp = `min(time) AS first_time,
  ${each((c) => `avg(${c}) AS ${c}_avg, min(${c}) AS ${c}_min, max(${c}) AS ${c}_max`)},
  count(*)::integer AS readings, ${each((c) => `count(${c})::integer AS ${c}_count`)}`;

const rollup = (table: string, interval: string): string => `
  INSERT INTO ${table}
  SELECT sensor_id, date_bin('${interval}', time, 'epoch'::timestamptz) AS bucket, ${summedUp}
    FROM measured GROUP BY 1, 2`;

/**
 * From $1 (seconds since 1970) on, for $2 minutes, of $3 sensors. Warm by day, moist by night, each
 * sensor a little apart.
 */
const measuredReadings = `
  measured AS MATERIALIZED (
    SELECT 'site-' || lpad(sensor::text, 3, '0') AS sensor_id, time,
           round((18 + 7 * sin(angle) + sensor * 0.01)::numeric, 2)::float8 AS temperature,
           round((55 - 20 * sin(angle))::numeric, 2)::float8 AS humidity,
           round(greatest(0, 80000 * sin(angle) + sensor)::numeric, 1)::float8 AS lux,
           round((greatest(0, 80000 * sin(angle) + sensor) / 126.7)::numeric, 3)::float8 AS irradiance
      FROM generate_series(0, $2::integer - 1) AS minute,
           generate_series(1, $3::integer) AS sensor,
           LATERAL (SELECT to_timestamp($1) + minute * interval '1 min' AS time) AS clock,
           LATERAL (SELECT (extract(epoch FROM time) / 86400 - 0.25) * 2 * pi() AS angle) AS sun
     ORDER BY time, sensor
  )`;

const insertReadings = `
  INSERT INTO readings
  SELECT sensor_id, time, temperature, humidity, lux, irradiance, NULL, time + interval '1 s'
    FROM measured`;

const writeReadings = `WITH ${measuredReadings} ${insertReadings}`;

const writeDay = `
  WITH ${measuredReadings},
  stored AS (${insertReadings}),
  five_minutes AS (${rollup('readings_5min', '5 min')}),
  hours AS (${rollup('readings_hourly', '1 hour')})
  INSERT INTO readings_counts
  SELECT date_bin('5 min', time, 'epoch'::timestamptz), count(*) FROM measured GROUP BY 1`;
