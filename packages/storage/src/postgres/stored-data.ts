/**
 * What is stored, for whoever asks: the newest readings of a range, how many there are and from when
 * to when, and charts.
 *
 * What always holds: no answer reads more than a part of a month, whatever it is asked; each waits for
 * no other for long.
 */
import type pg from 'pg';
import { readChart, type Chart, type ChartQuestion } from './chart.js';
import { keptConnections } from './kept-connection.js';
import { dayMs, fiveMinutesMs } from './rollups.js';

/** How many questions are answered at the same time; more would take the processors from storing. */
const connections = 3;
/** Readings not yet in the rollups are counted one by one, up to here. */
const maxCounted = 1_000_000;
/** A sensor's readings are counted by days and hours from here on, hundreds of times less to add up. */
const longMs = 31 * dayMs;
/** The last of these hold enough readings of a busy site; milliseconds. */
const shortRangesMs = [10_000, 2 * 60_000];

/** Milliseconds since 1970, or infinite; the end is left out. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface MeasuredReading {
  readonly sensorId: string;
  readonly timeMs: number;
  readonly temperature: number | null;
  readonly humidity: number | null;
  readonly lux: number | null;
  readonly irradiance: number | null;
}

export interface StoredExtent {
  readonly readings: number;
  /** In the 5 minutes of the first and last reading; milliseconds since 1970; null when there is none. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

export interface StoredData {
  /**
   * The newest `limit` readings of a range, oldest first; of all sensors, or of one.
   * @throws {DatabaseUnavailable}
   */
  newest(range: TimeRange, sensorId: string | undefined, limit: number): Promise<MeasuredReading[]>;
  /**
   * How many readings there are in a range, of all sensors or of one: exactly for all times as long as
   * no more than a million wait to be summed up, to 5 minutes at the ends of a range (an hour for a
   * sensor over more than a month).
   * @throws {DatabaseUnavailable}
   */
  extent(range: TimeRange, sensorId: string | undefined): Promise<StoredExtent>;
  /** @throws {DatabaseUnavailable} */
  chart(question: ChartQuestion): Promise<Chart>;
  close(): Promise<void>;
}

/** Every read has an index for it; what has only just come has no statistics that would say so. */
export const readingSession =
  'SET enable_seqscan = off; SET jit = off; SET max_parallel_workers_per_gather = 0';

export function openStoredData(databaseUrl: string): StoredData {
  const kept = keptConnections(connections, databaseUrl, 'zdenergy api', {
    session: readingSession,
  });
  return {
    newest: (range, sensorId, limit) =>
      kept.run((client) =>
        sensorId === undefined
          ? newestOfAll(client, range, limit)
          : readNewest(client, range, sensorId, limit),
      ),
    extent: (range, sensorId) => kept.run((client) => readExtent(client, range, sensorId)),
    chart: (question) => kept.run((client) => readChart(client, question)),
    close: () => kept.close(),
  };
}

/** There is no index by time alone: ever longer ranges are tried, each with not much more than is asked. */
async function newestOfAll(
  client: pg.Client,
  range: TimeRange,
  limit: number,
): Promise<MeasuredReading[]> {
  const nowMs = Date.now();
  const lateMs = Math.min(nowMs, range.toMs);
  for (const ms of shortRangesMs) {
    const fromMs = lateMs - ms;
    if (fromMs <= range.fromMs) break;
    const found = await readNewest(client, { ...range, fromMs }, undefined, limit);
    if (found.length >= limit) return found;
  }
  const fromMs = await fromWhenOn(client, range, limit);
  return readNewest(client, { ...range, fromMs }, undefined, limit);
}

/** A time since when the range has as many readings, by the rollups; its start if it has fewer. */
async function fromWhenOn(client: pg.Client, range: TimeRange, limit: number): Promise<number> {
  const { rows } = await client.query<{ ms: number }>(
    `SELECT (extract(epoch FROM bucket) * 1000)::float8 AS ms
       FROM (SELECT bucket, sum(readings) OVER (ORDER BY bucket DESC) AS readings
               FROM readings_counts WHERE bucket >= to_timestamp($1) AND bucket < to_timestamp($2)) AS c
      WHERE readings >= $3 ORDER BY bucket DESC LIMIT 1`,
    // The last bucket may have readings on both sides of the range's end.
    [range.fromMs / 1_000, (range.toMs - fiveMinutesMs) / 1_000, limit],
  );
  return rows.length === 0 ? range.fromMs : Math.max(range.fromMs, rows[0].ms);
}

async function readNewest(
  client: pg.Client,
  { fromMs, toMs }: TimeRange,
  sensorId: string | undefined,
  limit: number,
): Promise<MeasuredReading[]> {
  const { rows } = await client.query<MeasuredReading>(
    `SELECT sensor_id AS "sensorId", (extract(epoch FROM time) * 1000)::float8 AS "timeMs",
            temperature, humidity, lux, irradiance
       FROM readings
      WHERE time >= to_timestamp($1) AND time < to_timestamp($2)
            ${sensorId === undefined ? '' : 'AND sensor_id = $4'}
      ORDER BY time DESC, sensor_id DESC LIMIT $3`,
    [fromMs / 1_000, toMs / 1_000, limit, ...(sensorId === undefined ? [] : [sensorId])],
  );
  return rows.reverse();
}

interface ExtentRow {
  readings: number;
  firstMs: number | null;
  lastMs: number | null;
}

const extentColumns = (count: string, first: string, last: string): string =>
  `coalesce(${count}, 0)::float8 AS readings,
   (extract(epoch FROM ${first}) * 1000)::float8 AS "firstMs",
   (extract(epoch FROM ${last}) * 1000)::float8 AS "lastMs"`;

const secondsOfDay = (day: number): number => day * (dayMs / 1_000);

/** Of sensor $3 from $1 to $2: the whole days from $4 to $5, and the hours before and after them. */
const daysAndHours = `(
  SELECT first_time, readings FROM readings_daily
   WHERE sensor_id = $3 AND bucket >= to_timestamp($4) AND bucket < to_timestamp($5)
   UNION ALL
  SELECT first_time, readings FROM readings_hourly
   WHERE sensor_id = $3 AND bucket >= to_timestamp($1) AND bucket < to_timestamp($4)
   UNION ALL
  SELECT first_time, readings FROM readings_hourly
   WHERE sensor_id = $3 AND bucket >= to_timestamp($5) AND bucket < to_timestamp($2)
) AS summed_up`;

/** What the rollups account for, and what was received since. */
async function readExtent(
  client: pg.Client,
  { fromMs, toMs }: TimeRange,
  sensorId: string | undefined,
): Promise<StoredExtent> {
  const isLong = sensorId !== undefined && toMs - fromMs > longMs;
  const values = [
    ...[fromMs / 1_000, toMs / 1_000],
    ...(sensorId === undefined ? [] : [sensorId]),
    // Where whole days (UTC) begin and end.
    ...(isLong ? [Math.ceil(fromMs / dayMs), Math.floor(toMs / dayMs)].map(secondsOfDay) : []),
  ];
  const isSensor = sensorId === undefined ? '' : 'AND sensor_id = $3';
  const inRange = `bucket >= to_timestamp($1) AND bucket < to_timestamp($2) ${isSensor}`;
  const rollups =
    sensorId === undefined
      ? `SELECT ${extentColumns('sum(readings)', 'min(bucket)', 'max(bucket)')}
           FROM readings_counts WHERE ${inRange}`
      : `SELECT ${extentColumns(
          'sum(readings)',
          'min(first_time)',
          // An hour would be too long: some days start in the middle of one.
          `(SELECT max(bucket) FROM readings_5min WHERE ${inRange})`,
        )}
           FROM ${isLong ? daysAndHours : `readings_5min WHERE ${inRange}`}`;
  // Both in one statement: between two, a look at what arrived would count some twice or not at all.
  const { rows } = await client.query<ExtentRow>(
    `${rollups}
      UNION ALL
     SELECT ${extentColumns('count(*)', 'min(time)', 'max(time)')}
       FROM (SELECT time FROM readings
              WHERE received_at > (SELECT received_until FROM rollups_progress)
                AND time >= to_timestamp($1) AND time < to_timestamp($2) ${isSensor}
              LIMIT ${maxCounted}) AS arrived`,
    values,
  );
  const times = (column: 'firstMs' | 'lastMs'): number[] =>
    rows.flatMap((row) => row[column] ?? []);
  return {
    readings: rows.reduce((sum, row) => sum + row.readings, 0),
    firstMs: rows.some((row) => row.firstMs !== null) ? Math.min(...times('firstMs')) : null,
    lastMs: rows.some((row) => row.lastMs !== null) ? Math.max(...times('lastMs')) : null,
  };
}
