/**
 * A long history, written by the database itself: a reading a minute of each sensor, until now. For
 * tests and measurements, in a database made for them.
 *
 * What always holds: the tables are those that zdenergy makes; whole days are summed up as it would
 * sum them up, and of the day that is not over it has done so itself when this returns.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { ensurePartitions } from './partitions.js';
import { measured } from './rollups.js';

const minutesPerDay = 1_440;
const minuteMs = 60_000;
const dayMs = minutesPerDay * minuteMs;
/** Held by whoever brings the rollups up to date. */
const rollupsLock = 7_246_004;
/** They end where 5 minutes end, and the last of these may not be over. */
const behindMs = 10 * minuteMs;
/** Looked at every 20 s, then a minute at a time, then two, … */
const summedUpWithinMs = 120_000;
const pollMs = 100;

export interface History {
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: number;
}

/** The id of a sensor, from 1 on. */
export const historySensor = (number: number): string => `site-${String(number).padStart(3, '0')}`;

/** Writes so many whole days (UTC) and what there is of today, into a database of a zdenergy that runs. */
export async function writeHistory(
  databaseUrl: string,
  { days, sensors }: { readonly days: number; readonly sensors: number },
): Promise<History> {
  const [writer, holder] = await Promise.all([open(databaseUrl), open(databaseUrl)]);
  try {
    // The tables are made by whoever of zdenergy connects first.
    await until(async () => (await summedUpUntil(writer)) !== undefined);
    const toMs = Math.floor(Date.now() / minuteMs) * minuteMs;
    const todayMs = Math.floor(toMs / dayMs) * dayMs;
    const fromMs = todayMs - days * dayMs;
    const minutesToday = (toMs - todayMs) / minuteMs;
    // Half a day must not be summed up while the other half is written.
    await holder.query(`BEGIN; SELECT pg_advisory_xact_lock(${rollupsLock})`);
    await ensurePartitions(writer, months(fromMs, toMs), new Set());
    for (let startMs = fromMs; startMs < todayMs; startMs += dayMs) {
      await writer.query(writeDay, [startMs / 1_000, minutesPerDay, sensors]);
    }
    await writer.query(writeReadings, [todayMs / 1_000, minutesToday, sensors]);
    await writer.query('UPDATE rollups_progress SET received_until = to_timestamp($1)', [
      todayMs / 1_000,
    ]);
    await writer.query('ANALYZE readings_5min, readings_hourly, readings_daily, readings_counts');
    await holder.query('ROLLBACK');
    await until(async () => ((await summedUpUntil(writer)) ?? 0) >= toMs - behindMs);
    return { fromMs, toMs, rows: (days * minutesPerDay + minutesToday) * sensors };
  } finally {
    await Promise.all([writer.end(), holder.end()]);
  }
}

/**
 * All readings as COPY itself sends them to a client that forgets them: the rows of the CSV export, in
 * its order and its words. @returns the seconds that it took.
 */
export async function exportByCopy(databaseUrl: string): Promise<number> {
  const client = await open(databaseUrl);
  try {
    const startedAtMs = performance.now();
    const stream = client.query(copyTo(`COPY (${asExported}) TO STDOUT WITH (FORMAT csv, HEADER)`));
    await new Promise((resolve, reject) => {
      stream.on('error', reject).on('end', resolve).resume();
    });
    return (performance.now() - startedAtMs) / 1_000;
  } finally {
    await client.end();
  }
}

const asExported = `
  SELECT date_trunc('second', time AT TIME ZONE 'UTC'), round(temperature::numeric, 2),
         round(humidity::numeric, 2), round(lux::numeric, 2), round(irradiance::numeric, 3), sensor_id
    FROM readings ORDER BY time, sensor_id`;

/** With the settings of the server, and no limit of time. */
async function open(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'history' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Until when the readings are summed up, as zdenergy says; undefined before it has made its tables. */
async function summedUpUntil(client: pg.Client): Promise<number | undefined> {
  const made = await client.query<{ made: boolean }>(
    "SELECT to_regclass('rollups_progress') IS NOT NULL AS made",
  );
  if (!made.rows[0].made) return undefined;
  const { rows } = await client.query<{ until: Date }>(
    'SELECT received_until AS until FROM rollups_progress',
  );
  return rows[0]?.until.getTime();
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + summedUpWithinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('zdenergy has not summed the history up');
    await sleep(pollMs);
  }
}

/** Numbered as `startOfMonthMs` counts them. */
function months(fromMs: number, toMs: number): number[] {
  const month = (ms: number): number => {
    const date = new Date(ms);
    return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
  };
  const first = month(fromMs);
  return Array.from({ length: month(toMs) - first + 1 }, (_, index) => first + index);
}

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
