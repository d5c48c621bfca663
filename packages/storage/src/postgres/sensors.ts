/**
 * Every sensor with its last reading, its clock's skew and how often it reports: table `sensors`.
 *
 * It follows `readings` as arrivals.ts says. What always holds: looking at a range again changes
 * nothing.
 */
import type pg from 'pg';
import { holdFollower, lookAtArrivals, type Follower } from './arrivals.js';
import { keptConnection } from './kept-connection.js';

/** Held while the table is brought up to date. */
export const sensorsLockKey = 7_246_003;

/** Skews further apart are no jitter: the clock was set, or readings were sent late. */
const steadySeconds = 180;
/** The skew is smoothed over about as many looks. */
const smoothingLooks = 10;
/** The interval is the median of so many gaps: some outages, and a change of the interval is soon learned. */
const keptGaps = 9;
/** With fewer it is not known. */
const minGaps = 3;
/** Readings without a time of their own that came together are closer than any sensor measures. */
const minGapSeconds = 0.1;
/** `sensors` may be so far behind what is complete before silence counts as silence. */
const maxLagMs = 30_000;
/** So long after a look that left something, the next ones are taken to catch up. */
const catchingUpMs = 60_000;
/** A shorter skew is none: such a reading got the time of its receipt. */
const receiptSeconds = 0.05;

export interface Sensor {
  readonly sensorId: string;
  /** The reading that was received last; milliseconds since 1970. */
  readonly timeMs: number;
  readonly temperature: number | null;
  readonly humidity: number | null;
  readonly lux: number | null;
  readonly irradiance: number | null;
  readonly receivedAtMs: number;
  /** Seconds by which the clock is ahead; null when no reading carried a time of its own. */
  readonly clockSkew: number | null;
  /** How many looks in a row found the skew within 3 minutes of this. */
  readonly clockSamples: number;
  /** How often it reports; null until that is known. */
  readonly intervalSeconds: number | null;
}

export type SensorStatus = 'online' | 'late' | 'silent';

export interface StatusRule {
  readonly lateAfterIntervals: number;
  /** Silent after so many intervals or so many seconds, whichever is later. */
  readonly silentAfterIntervals: number;
  readonly silentAfterSeconds: number;
}

export interface SensorQuestion {
  /** Those whose ids come after this one (all come after ''). */
  readonly after: string;
  readonly limit: number;
  /** Only these; undefined: any. */
  readonly sensorIds: readonly string[] | undefined;
  /** Part of the id, in small or capital letters; '': any. */
  readonly search: string;
  readonly status: SensorStatus | undefined;
  readonly rule: StatusRule;
  /** By the clock that receives readings. */
  readonly nowMs: number;
}

export interface SensorPage {
  /** By id. */
  readonly sensors: Sensor[];
  /** Of all sensors. */
  readonly counts: Readonly<Record<SensorStatus, number>>;
  /**
   * The moment at which sensors were judged: now, but for what has arrived and is not accounted for
   * yet. A sensor must not look late because we are.
   */
  readonly judgedAtMs: number;
  /** Readings received until then are accounted for; null: none yet. */
  readonly completeUntilMs: number | null;
}

export interface Look {
  /** Readings received until then are accounted for; milliseconds since 1970. */
  readonly untilMs: number;
  /** How many sensors had sent something. */
  readonly sensors: number;
}

export interface SensorTable {
  /**
   * Takes in what was received since the last look, at most `windowMs` of it and nothing after
   * `completeUntilMs`, until when everything received is in the database. Null: another process looks.
   * @throws {DatabaseUnavailable}
   */
  look(completeUntilMs: number, windowMs: number): Promise<Look | null>;
  /**
   * At most `limit` of the sensors asked for, and how many of all sensors have which status.
   * @throws {DatabaseUnavailable}
   */
  list(question: SensorQuestion): Promise<SensorPage>;
  close(): Promise<void>;
}

/**
 * Lists wait for no look: each has a connection of its own.
 * @param incompleteMs how long ago everything received was in the database; null: not known.
 */
export function openSensorTable(
  databaseUrl: string,
  incompleteMs: () => number | null = () => 0,
): SensorTable {
  const looking = keptConnection(databaseUrl, 'zdenergy sensors');
  const listing = keptConnection(databaseUrl, 'zdenergy api');
  let leftSomethingAtMs = -Infinity;
  /** How far behind now the table may be at the most without being wrong; null: there is no saying. */
  const lagMs = (): number | null => {
    if (performance.now() - leftSomethingAtMs < catchingUpMs) return null;
    const sinceMs = incompleteMs();
    return sinceMs === null ? null : sinceMs + maxLagMs;
  };
  return {
    look: (completeUntilMs, windowMs) =>
      looking.run(async (client) => {
        const look = await lookAtArrivals(client, follower, completeUntilMs, windowMs);
        const isBehind = look !== null && look.untilMs < completeUntilMs;
        leftSomethingAtMs = isBehind ? performance.now() : -Infinity;
        return look && { untilMs: look.untilMs, sensors: look.result };
      }),
    list: (question) => listing.run((client) => listSensors(client, question, lagMs())),
    async close() {
      await Promise.all([looking.close(), listing.close()]);
    },
  };
}

const follower: Follower<number> = {
  lockKey: sensorsLockKey,
  progressTable: 'sensors_progress',
  async takeIn(client, fromMs, untilMs) {
    const seen = await client.query(upsert, [fromMs / 1_000, untilMs / 1_000]);
    return seen.rowCount ?? 0;
  },
};

/** Readings by their key: both lists have the same length. */
export interface LastReadings {
  readonly sensorIds: readonly string[];
  /** Microseconds since 1970. */
  readonly timesUs: readonly number[];
}

/**
 * Accounts for stored readings, the last of each sensor, in the caller's transaction: for those whose
 * `received_at` looks have passed already. They say nothing of a clock: when they came is not known.
 */
export async function accountInSensors(client: pg.Client, last: LastReadings): Promise<void> {
  const untilMs = await holdFollower(client, follower);
  await client.query(noteLast, [last.sensorIds, last.timesUs, untilMs / 1_000]);
}

/** Whether a skew continues those before it. */
const isSteady = `abs(excluded.clock_skew - s.clock_skew) <= ${steadySeconds}`;
/** The range was looked at before, or no reading in it carried a time of its own. */
const saysNothing = 'excluded.received_at <= s.received_at OR excluded.clock_skew IS NULL';
const isNewer = '(excluded.received_at, excluded.time) > (s.received_at, s.time)';
const valueColumns = ['temperature', 'humidity', 'lux', 'irradiance', 'time', 'received_at'];

/** All gaps that are known then, as many as are kept. */
const allGaps = `(excluded.recent_gaps || s.recent_gaps)[1:${keptGaps}]`;
const median = (gaps: string): string =>
  `(SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY gap) FROM unnest(${gaps}) AS gap
     HAVING count(*) >= ${minGaps})`;

/**
 * Of all that a sensor sent, the reading with the greatest skew was the least delayed on its way, and
 * says most about the clock. How often it measures, the readings' own times say: when they came says
 * only what the network did. Readings of before the last one, as of a backlog, are left out: what is
 * missing between them has come already.
 */
const upsert = `
  WITH arrived AS (
    SELECT *, CASE
             WHEN time NOT BETWEEN received_at - interval '${receiptSeconds} s'
                               AND received_at + interval '${receiptSeconds} s'
              AND NOT coalesce(extra ? 'device_time', false)
             THEN extract(epoch FROM time - received_at)::float8
           END AS skew
      FROM readings
     WHERE received_at > to_timestamp($1) AND received_at <= to_timestamp($2)
  ), gaps AS (
    SELECT sensor_id, (array_agg(gap ORDER BY time DESC))[1:${keptGaps}] AS recent_gaps
      FROM (
        SELECT a.sensor_id, a.time,
               extract(epoch FROM a.time - coalesce(
                 lag(a.time) OVER (PARTITION BY a.sensor_id ORDER BY a.time), known.time
               ))::float8 AS gap
          FROM arrived AS a LEFT JOIN sensors AS known USING (sensor_id)
         WHERE known IS NULL OR (a.time > known.time AND a.received_at > known.received_at)
      ) AS pairs
     WHERE gap >= ${minGapSeconds}
     GROUP BY sensor_id
  )
  INSERT INTO sensors AS s (sensor_id, ${valueColumns.join(', ')}, clock_skew, clock_samples,
                            recent_gaps, interval_seconds)
  SELECT sensor_id, ${valueColumns.join(', ')}, clock_skew, (clock_skew IS NOT NULL)::integer,
         coalesce(recent_gaps, '{}'), ${median('recent_gaps')}
    FROM (
      SELECT DISTINCT ON (sensor_id) sensor_id, ${valueColumns.join(', ')},
             max(skew) OVER (PARTITION BY sensor_id) AS clock_skew
        FROM arrived
       ORDER BY sensor_id, received_at DESC, time DESC
    ) AS last LEFT JOIN gaps USING (sensor_id)
  ON CONFLICT (sensor_id) DO UPDATE SET
    ${valueColumns.map((column) => `${column} = CASE WHEN ${isNewer} THEN excluded.${column} ELSE s.${column} END`).join(',\n    ')},
    recent_gaps = ${allGaps},
    interval_seconds = ${median(allGaps)},
    clock_skew = CASE
      WHEN ${saysNothing} THEN s.clock_skew
      WHEN ${isSteady}
      THEN s.clock_skew
           + (excluded.clock_skew - s.clock_skew) / least(s.clock_samples + 1, ${smoothingLooks})
      ELSE excluded.clock_skew END,
    clock_samples = CASE
      WHEN ${saysNothing} THEN s.clock_samples
      WHEN ${isSteady} THEN least(s.clock_samples + 1, 1000000)
      ELSE 1 END`;

const noteLast = `
  INSERT INTO sensors AS s (sensor_id, ${valueColumns.join(', ')}, clock_samples)
  SELECT r.sensor_id, ${valueColumns.map((column) => `r.${column}`).join(', ')}, 0
    FROM unnest($1::text[], $2::bigint[]) AS last (sensor_id, us)
   CROSS JOIN LATERAL (
     SELECT * FROM readings
      WHERE sensor_id = last.sensor_id
        AND time = timestamptz 'epoch' + last.us * interval '1 microsecond'
        AND received_at <= to_timestamp($3)
      LIMIT 1
   ) AS r
   ORDER BY r.sensor_id
  ON CONFLICT (sensor_id) DO UPDATE SET
    ${valueColumns.map((column) => `${column} = excluded.${column}`).join(', ')}
   WHERE ${isNewer}`;

/**
 * $1 now, $2 to $4 the rule, $10 the greatest lag, in seconds: while readings wait to be stored, or to
 * be taken in, a sensor is judged by what is known of that time. As `sensorStatus` in the API has it.
 */
const judged = `
  SELECT sensors.*, judged_at, received_until, CASE
           WHEN age >= greatest($3::float8 * coalesce(interval_seconds, 0), $4::float8) THEN 'silent'
           WHEN age >= $2::float8 * interval_seconds THEN 'late'
           ELSE 'online'
         END AS status
    FROM sensors_progress,
         LATERAL (SELECT to_timestamp($1::float8) AS now) AS clock,
         LATERAL (SELECT greatest(least(received_until, now),
                                  now - $10::float8 * interval '1 s') AS judged_at) AS moment,
         sensors,
         LATERAL (SELECT extract(epoch FROM judged_at - received_at)::float8 AS age) AS since`;

const listQuery = `
  WITH judged AS NOT MATERIALIZED (${judged}),
  counts AS (
    SELECT count(*) FILTER (WHERE status = 'online')::integer AS online,
           count(*) FILTER (WHERE status = 'late')::integer AS late,
           count(*) FILTER (WHERE status = 'silent')::integer AS silent,
           (extract(epoch FROM max(judged_at)) * 1000)::float8 AS "judgedAtMs",
           (extract(epoch FROM max(received_until)) * 1000)::float8 AS "completeUntilMs"
      FROM judged
  ), page AS (
    SELECT sensor_id AS "sensorId", temperature, humidity, lux, irradiance,
           (extract(epoch FROM time) * 1000)::float8 AS "timeMs",
           (extract(epoch FROM received_at) * 1000)::float8 AS "receivedAtMs",
           clock_skew AS "clockSkew", clock_samples AS "clockSamples",
           interval_seconds AS "intervalSeconds"
      FROM judged
     WHERE sensor_id > $5
       AND ($6 = '' OR position(lower($6) IN lower(sensor_id COLLATE "default")) > 0)
       AND ($7::text IS NULL OR status = $7)
       AND ($9::text[] IS NULL OR sensor_id = ANY ($9))
     ORDER BY sensor_id LIMIT $8
  )
  SELECT counts.*,
         (SELECT coalesce(json_agg(page ORDER BY "sensorId"), '[]') FROM page) AS sensors
    FROM counts`;

type Listed = Record<SensorStatus, number> & {
  judgedAtMs: number | null;
  completeUntilMs: number | null;
  sensors: Sensor[];
};

async function listSensors(
  client: pg.Client,
  { after, limit, sensorIds, search, status, rule, nowMs }: SensorQuestion,
  lagMs: number | null,
): Promise<SensorPage> {
  const { lateAfterIntervals, silentAfterIntervals, silentAfterSeconds } = rule;
  const { rows } = await client.query<Listed>(listQuery, [
    nowMs / 1_000,
    lateAfterIntervals,
    silentAfterIntervals,
    silentAfterSeconds,
    after,
    search,
    status ?? null,
    limit,
    sensorIds ?? null,
    lagMs === null ? null : lagMs / 1_000,
  ]);
  const [{ online, late, silent, judgedAtMs, completeUntilMs, sensors }] = rows;
  const counts = { online, late, silent };
  return { sensors, counts, judgedAtMs: judgedAtMs ?? nowMs, completeUntilMs };
}
