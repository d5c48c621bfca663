/**
 * The data of a chart: a few sensors over any range, in a bounded number of points.
 *
 * What always holds: every read goes by a primary key (sensor, time). Few readings are given as they
 * are. Many are summed up in buckets, each of which is whole, so that it stays as it is when the
 * chart is moved; wide ones come from the rollups, the widest rows first, and from `readings` for the
 * time that the rollups do not cover yet.
 */
import type pg from 'pg';
import { chartBuckets, type ChartBuckets, type ChartSource } from '../chart-buckets.js';
import { bounded, dayMs, fiveMinutesMs, hourMs, measured, weightedAverage } from './rollups.js';

export interface ChartQuestion {
  readonly sensorIds: readonly string[];
  /** The end is left out; milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The most points of all sensors together, at least one for each. */
  readonly points: number;
}

/** A reading, or a bucket of them; of a reading the averages are the values, and the rest is null. */
export interface ChartPoint {
  readonly sensorId: string;
  /** Of the first reading in a bucket; seconds since 1970. */
  readonly time: number;
  readonly readings: number;
  /** By measurement, in the order temperature, humidity, lux, irradiance. */
  readonly averages: readonly (number | null)[];
  readonly minima: readonly (number | null)[];
  readonly maxima: readonly (number | null)[];
}

export interface Chart {
  readonly source: ChartSource;
  /** 0: the points are the readings themselves. */
  readonly bucketSeconds: number;
  /** By sensor and time. */
  readonly points: readonly ChartPoint[];
  /** The newest reading of each sensor that has one in the range: a bucket's average hides it. */
  readonly last: readonly ChartPoint[];
}

/** Readings come some time after they were measured; for so long the rollups are not trusted. */
const delayMs = fiveMinutesMs;

interface Rollup {
  readonly table: string;
  readonly stepMs: number;
}
const hourly: Rollup = { table: 'readings_hourly', stepMs: hourMs };
const daily: Rollup = { table: 'readings_daily', stepMs: dayMs };

/** Which rows are read, one table after the other: of the day that is not over there are hours. */
const rollupsOf: Record<ChartSource, readonly Rollup[]> = {
  readings: [],
  five_minutes: [{ table: 'readings_5min', stepMs: fiveMinutesMs }],
  hours: [hourly],
  days: [daily, hourly],
};

/** From so long a range on its days are asked how many readings it has; of fewer the ends weigh too much. */
const daysFromMs = 4 * dayMs;
/** A reading every hour makes more than the most points of 100 days. */
const rollupRows = 100;

export async function readChart(client: pg.Client, question: ChartQuestion): Promise<Chart> {
  const isMany = await surelyMany(client, question);
  const readings = isMany ? undefined : await fewReadings(client, question);
  const last = await lastReadings(client, question);
  if (readings !== undefined) {
    return { source: 'readings', bucketSeconds: 0, points: readings, last };
  }
  const { sensorIds, fromMs, toMs, points } = question;
  const most = Math.max(1, Math.floor(points / sensorIds.length));
  const buckets = chartBuckets(fromMs / 1_000, toMs / 1_000, most);
  const { source, seconds } = buckets;
  const bucketPoints = await readBuckets(client, sensorIds, buckets);
  return { source, bucketSeconds: seconds, points: bucketPoints, last };
}

/** By the primary key, each from the end of the range. */
async function lastReadings(
  client: pg.Client,
  { sensorIds, fromMs, toMs }: ChartQuestion,
): Promise<ChartPoint[]> {
  const { rows } = await client.query<unknown[]>({
    text: `SELECT last.*
             FROM unnest($1::text[]) AS asked (id),
                  LATERAL (SELECT sensor_id, extract(epoch FROM time)::float8, 1, ${measured.join(', ')}
                             FROM readings
                            WHERE sensor_id = id COLLATE "C"
                              AND time >= to_timestamp($2) AND time < to_timestamp($3)
                            ORDER BY time DESC LIMIT 1) AS last`,
    values: [sensorIds, fromMs / 1_000, toMs / 1_000],
    rowMode: 'array',
  });
  return rows.map(pointOf);
}

/**
 * Whether the rollups alone know of more readings than points. It saves reading as many of them, of
 * which each may stand in a block of its own.
 */
async function surelyMany(
  client: pg.Client,
  { sensorIds, fromMs, toMs, points }: ChartQuestion,
): Promise<boolean> {
  const { table, stepMs } = toMs - fromMs < daysFromMs ? hourly : daily;
  const { rows } = await client.query<{ isMany: boolean }>(
    `SELECT coalesce(sum(readings) > $4, false) AS "isMany"
       FROM (SELECT readings FROM ${table}
              WHERE sensor_id = ANY ($1)
                AND bucket >= to_timestamp($2) AND bucket < to_timestamp($3)
              LIMIT ${rollupRows}) AS whole`,
    [
      sensorIds,
      // Of rows that are whole in the range.
      (Math.ceil(fromMs / stepMs) * stepMs) / 1_000,
      (Math.floor(toMs / stepMs) * stepMs) / 1_000,
      points,
    ],
  );
  return rows[0].isMany;
}

/** All readings of the range, or undefined when there are more than points. */
async function fewReadings(
  client: pg.Client,
  { sensorIds, fromMs, toMs, points }: ChartQuestion,
): Promise<ChartPoint[] | undefined> {
  const { rows } = await client.query<unknown[]>({
    text: `SELECT sensor_id, extract(epoch FROM time)::float8, 1, ${measured.join(', ')}
             FROM readings
            WHERE sensor_id = ANY ($1) AND time >= to_timestamp($2) AND time < to_timestamp($3)
            LIMIT $4`,
    values: [sensorIds, fromMs / 1_000, toMs / 1_000, points + 1],
    rowMode: 'array',
  });
  if (rows.length > points) return undefined;
  return rows.map(pointOf).sort((a, b) => compare(a.sensorId, b.sensorId) || a.time - b.time);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function readBuckets(
  client: pg.Client,
  sensorIds: readonly string[],
  { fromSeconds, toSeconds, seconds, source }: ChartBuckets,
): Promise<ChartPoint[]> {
  const rollups = rollupsOf[source];
  const untilMs = rollups.length === 0 ? 0 : (await summedUpUntilMs(client)) - delayMs;
  const covered = rollups.map(({ stepMs }) =>
    clamp((Math.floor(untilMs / stepMs) * stepMs) / 1_000, fromSeconds, toSeconds),
  );
  const { rows } = await client.query<unknown[]>({
    text: bucketsQuery(rollups),
    values: [sensorIds, seconds, fromSeconds, ...covered, toSeconds],
    rowMode: 'array',
  });
  return rows.map(pointOf);
}

const clamp = (value: number, least: number, most: number): number =>
  Math.min(Math.max(value, least), most);

async function summedUpUntilMs(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ untilMs: number }>(
    `SELECT (extract(epoch FROM received_until) * 1000)::float8 AS "untilMs" FROM rollups_progress`,
  );
  return rows[0].untilMs;
}

const each = (part: (column: string) => string): string => measured.map(part).join(', ');

/** From one parameter to the next. */
const between = (column: string, from: number): string =>
  `sensor_id = ANY ($1) AND ${column} >= to_timestamp($${from}) AND ${column} < to_timestamp($${from + 1})`;

const rawPart = (from: number): string => `
  SELECT sensor_id, time AS bucket, time AS first_time, 1 AS readings,
         ${each(
           (c) =>
             `${bounded(c)} AS ${c}_avg, ${c} AS ${c}_min, ${c} AS ${c}_max, ` +
             `(${c} IS NOT NULL)::integer AS ${c}_count`,
         )}
    FROM readings
   WHERE ${between('time', from)}`;

const rollupPart = (table: string, from: number): string => `
  SELECT sensor_id, bucket, first_time, readings,
         ${each((c) => `${c}_avg, ${c}_min, ${c}_max, ${c}_count`)}
    FROM ${table}
   WHERE ${between('bucket', from)}`;

/** $1 the sensors, $2 the width; from $3 on where the tables begin, the readings, and where they end. */
function bucketsQuery(rollups: readonly Rollup[]): string {
  const parts = [
    ...rollups.map(({ table }, index) => rollupPart(table, 3 + index)),
    rawPart(3 + rollups.length),
  ];
  return `
    SELECT sensor_id, extract(epoch FROM min(first_time))::float8 AS first_time,
           sum(readings)::float8, ${each(weightedAverage)},
           ${each((c) => `min(${c}_min)`)}, ${each((c) => `max(${c}_max)`)}
      FROM (${parts.join(' UNION ALL ')}) AS parts
     GROUP BY sensor_id, date_bin($2 * interval '1 s', bucket, 'epoch'::timestamptz)
     ORDER BY sensor_id, first_time`;
}

/** From a row: sensor, time, number of readings, averages, and perhaps minima and maxima. */
function pointOf(row: unknown[]): ChartPoint {
  const [sensorId, time, readings, ...values] = row as [
    string,
    number,
    number,
    ...(number | null)[],
  ];
  const count = measured.length;
  return {
    sensorId,
    time,
    readings,
    averages: values.slice(0, count),
    minima: values.slice(count, 2 * count),
    maxima: values.slice(2 * count),
  };
}
