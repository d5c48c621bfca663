/**
 * The readings summed up: tables `readings_5min`, `readings_hourly` and `readings_counts`.
 *
 * They follow `readings` as arrivals.ts says. What always holds: a row is made anew from all readings
 * of its 5 minutes (an hour from its 5 minutes), so that what arrives late, or is looked at again,
 * comes out right; it accounts for the readings received until `rollups_progress` says, and no others.
 */
import type pg from 'pg';
import { holdFollower, lookAtArrivals, type Follower } from './arrivals.js';
import { keptConnection } from './kept-connection.js';

export const fiveMinutesMs = 5 * 60_000;
export const hourMs = 60 * 60_000;
/** The columns of measurements, in `readings` and (with suffixes) in the rollups. */
export const measured = ['temperature', 'humidity', 'lux', 'irradiance'] as const;

/** Held while they are brought up to date. */
export const rollupsLockKey = 7_246_004;

/** A window holds what takes about 3 s, but is never shorter than a second, in which much may come. */
const statementTimeoutMs = 60_000;

export interface RollupLook {
  /** Readings received until then are accounted for; milliseconds since 1970. */
  readonly untilMs: number;
  /** How many rows of 5 minutes were made. */
  readonly buckets: number;
}

export interface Rollups {
  /**
   * Takes in what was received since the last look, at most `windowMs` of it and nothing after
   * `completeUntilMs`, until when everything received is in the database. Null: another process looks.
   * @throws {DatabaseUnavailable}
   */
  look(completeUntilMs: number, windowMs: number): Promise<RollupLook | null>;
  close(): Promise<void>;
}

/** What a session needs that makes rows of the rollups. */
export const rollupSession = `
  SET jit = off;
  CREATE TEMP TABLE touched (
    sensor_id text COLLATE "C", bucket timestamptz, readings integer
  ) ON COMMIT DELETE ROWS`;

export function openRollups(databaseUrl: string): Rollups {
  const connection = keptConnection(databaseUrl, 'zdenergy rollups', {
    timeoutMs: statementTimeoutMs + 10_000,
    session: rollupSession,
  });
  return {
    look: (completeUntilMs, windowMs) =>
      connection.run(async (client) => {
        const look = await lookAtArrivals(client, follower, completeUntilMs, windowMs);
        return look && { untilMs: look.untilMs, buckets: look.result };
      }),
    close: () => connection.close(),
  };
}

const follower: Follower<number> = {
  lockKey: rollupsLockKey,
  progressTable: 'rollups_progress',
  statementTimeoutMs,
  async takeIn(client, fromMs, untilMs, accountedMs) {
    const touched = await client.query(findTouched, [fromMs / 1_000, untilMs / 1_000]);
    const buckets = touched.rowCount ?? 0;
    if (buckets > 0) await makeRows(client, accountedMs);
    return buckets;
  },
};

/** Five minutes of a sensor, by their start: both lists have the same length. */
export interface Buckets {
  readonly sensorIds: readonly string[];
  /** Seconds since 1970. */
  readonly starts: readonly number[];
}

/**
 * Makes the rows of these 5 minutes anew, in the caller's transaction: for readings that were stored
 * with a `received_at` that looks have passed already. What was received later, a look takes in.
 */
export async function accountInRollups(client: pg.Client, buckets: Buckets): Promise<void> {
  const untilMs = await holdFollower(client, follower);
  await client.query(noteTouched, [buckets.sensorIds, buckets.starts]);
  await makeRows(client, untilMs);
}

async function makeRows(client: pg.Client, untilMs: number): Promise<void> {
  await client.query('ANALYZE touched');
  await client.query(makeFiveMinutes, [untilMs / 1_000]);
  await client.query(makeHours);
  await client.query(count);
}

/** The start of the 5 minutes, or the hour, in which a time is. */
const startOf = (interval: string, time: string): string =>
  `date_bin('${interval}', ${time}, 'epoch'::timestamptz)`;

/** With the number of readings that each had until now. */
const findTouched = `
  INSERT INTO touched (sensor_id, bucket, readings)
  SELECT sensor_id, bucket, coalesce(known.readings, 0)
    FROM (SELECT DISTINCT sensor_id, ${startOf('5 min', 'time')} AS bucket
            FROM readings
           WHERE received_at > to_timestamp($1) AND received_at <= to_timestamp($2)) AS arrived
    LEFT JOIN readings_5min AS known USING (sensor_id, bucket)
   ORDER BY sensor_id, bucket`;

const noteTouched = `
  INSERT INTO touched (sensor_id, bucket, readings)
  SELECT sensor_id, bucket, coalesce(known.readings, 0)
    FROM (SELECT sensor_id, to_timestamp(start) AS bucket
            FROM unnest($1::text[], $2::float8[]) AS given (sensor_id, start)) AS given
    LEFT JOIN readings_5min AS known USING (sensor_id, bucket)
   ORDER BY sensor_id, bucket`;

/**
 * A measurement as it counts in averages. The sum of very large ones would be no number, and one
 * sensor's nonsense must not hold up the others; nothing real is beyond 1e300.
 */
export const bounded = (column: string): string =>
  `CASE WHEN abs(${column}) > 1e300 THEN sign(${column}) * 1e300 ELSE ${column} END`;

const each = (part: (column: string) => string): string => measured.map(part).join(', ');

const columns = `sensor_id, bucket, first_time, readings, ${each(
  (c) => `${c}_avg, ${c}_min, ${c}_max, ${c}_count`,
)}`;

const replace = `
  ON CONFLICT (sensor_id, bucket) DO UPDATE SET
    first_time = excluded.first_time, readings = excluded.readings,
    ${measured
      .flatMap((c) => [`${c}_avg`, `${c}_min`, `${c}_max`, `${c}_count`])
      .map((column) => `${column} = excluded.${column}`)
      .join(', ')}`;

const makeFiveMinutes = `
  INSERT INTO readings_5min (${columns})
  SELECT touched.sensor_id, touched.bucket, made.*
    FROM touched
   CROSS JOIN LATERAL (
     SELECT min(time), count(*) AS readings,
            ${each((c) => `sum(${bounded(c)}) / nullif(count(${c}), 0), min(${c}), max(${c}), count(${c})`)}
       FROM readings
      WHERE sensor_id = touched.sensor_id
        AND time >= touched.bucket AND time < touched.bucket + interval '5 min'
        AND received_at <= to_timestamp($1)
   ) AS made
   WHERE made.readings > 0
  ${replace}`;

/** Averages of averages, each with the weight of its readings. */
export const weightedAverage = (column: string): string =>
  `sum(${column}_avg * ${column}_count) / nullif(sum(${column}_count), 0)`;

const makeHours = `
  INSERT INTO readings_hourly (${columns})
  SELECT hours.sensor_id, hours.bucket, made.*
    FROM (SELECT DISTINCT sensor_id, ${startOf('1 hour', 'bucket')} AS bucket FROM touched) AS hours
   CROSS JOIN LATERAL (
     SELECT min(first_time), sum(readings) AS readings,
            ${each((c) => `${weightedAverage(c)}, min(${c}_min), max(${c}_max), sum(${c}_count)`)}
       FROM readings_5min
      WHERE sensor_id = hours.sensor_id
        AND bucket >= hours.bucket AND bucket < hours.bucket + interval '1 hour'
   ) AS made
   WHERE made.readings > 0
  ${replace}`;

const count = `
  INSERT INTO readings_counts AS c (bucket, readings)
  SELECT bucket, sum(made.readings - touched.readings)
    FROM touched JOIN readings_5min AS made USING (sensor_id, bucket)
   GROUP BY bucket
  ON CONFLICT (bucket) DO UPDATE SET readings = c.readings + excluded.readings`;
