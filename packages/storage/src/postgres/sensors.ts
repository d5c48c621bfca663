/**
 * Every sensor with its last reading and its clock's skew: table `sensors`.
 *
 * It follows `readings` as arrivals.ts says. What always holds: looking at a range again changes
 * nothing.
 */
import type pg from 'pg';
import { lookAtArrivals, type Follower } from './arrivals.js';
import { keptConnection } from './kept-connection.js';

/** Skews further apart are no jitter: the clock was set, or readings were sent late. */
const steadySeconds = 180;
/** The skew is smoothed over about as many looks. */
const smoothingLooks = 10;
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
   * At most `limit` sensors, by id, after the one that is named (all come after '').
   * @throws {DatabaseUnavailable}
   */
  list(after: string, limit: number): Promise<Sensor[]>;
  close(): Promise<void>;
}

/** Lists wait for no look: each has a connection of its own. */
export function openSensorTable(databaseUrl: string): SensorTable {
  const looking = keptConnection(databaseUrl, 'zdenergy sensors');
  const listing = keptConnection(databaseUrl, 'zdenergy api');
  return {
    look: (completeUntilMs, windowMs) =>
      looking.run(async (client) => {
        const look = await lookAtArrivals(client, follower, completeUntilMs, windowMs);
        return look && { untilMs: look.untilMs, sensors: look.result };
      }),
    list: (after, limit) => listing.run((client) => listSensors(client, after, limit)),
    async close() {
      await Promise.all([looking.close(), listing.close()]);
    },
  };
}

const follower: Follower<number> = {
  lockKey: 7_246_003,
  progressTable: 'sensors_progress',
  async takeIn(client, fromMs, untilMs) {
    const seen = await client.query(upsert, [fromMs / 1_000, untilMs / 1_000]);
    return seen.rowCount ?? 0;
  },
};

/** Whether a skew continues those before it. */
const isSteady = `abs(excluded.clock_skew - s.clock_skew) <= ${steadySeconds}`;
/** The range was looked at before, or no reading in it carried a time of its own. */
const saysNothing = 'excluded.received_at <= s.received_at OR excluded.clock_skew IS NULL';
const isNewer = '(excluded.received_at, excluded.time) > (s.received_at, s.time)';
const valueColumns = ['temperature', 'humidity', 'lux', 'irradiance', 'time', 'received_at'];

/**
 * Of all that a sensor sent, the reading with the greatest skew was the least delayed on its way, and
 * says most about the clock.
 */
const upsert = `
  INSERT INTO sensors AS s (sensor_id, ${valueColumns.join(', ')}, clock_skew, clock_samples)
  SELECT sensor_id, ${valueColumns.join(', ')}, clock_skew, (clock_skew IS NOT NULL)::integer
    FROM (
      SELECT DISTINCT ON (sensor_id) sensor_id, ${valueColumns.join(', ')},
             max(skew) OVER (PARTITION BY sensor_id) AS clock_skew
        FROM (
          SELECT *, CASE
                   WHEN time NOT BETWEEN received_at - interval '${receiptSeconds} s'
                                     AND received_at + interval '${receiptSeconds} s'
                    AND NOT coalesce(extra ? 'device_time', false)
                   THEN extract(epoch FROM time - received_at)::float8
                 END AS skew
            FROM readings
           WHERE received_at > to_timestamp($1) AND received_at <= to_timestamp($2)
        ) AS arrived
       ORDER BY sensor_id, received_at DESC, time DESC
    ) AS last
  ON CONFLICT (sensor_id) DO UPDATE SET
    ${valueColumns.map((column) => `${column} = CASE WHEN ${isNewer} THEN excluded.${column} ELSE s.${column} END`).join(',\n    ')},
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

async function listSensors(client: pg.Client, after: string, limit: number): Promise<Sensor[]> {
  const { rows } = await client.query<Sensor>(
    `SELECT sensor_id AS "sensorId", temperature, humidity, lux, irradiance,
            (extract(epoch FROM time) * 1000)::float8 AS "timeMs",
            (extract(epoch FROM received_at) * 1000)::float8 AS "receivedAtMs",
            clock_skew AS "clockSkew", clock_samples AS "clockSamples"
       FROM sensors WHERE sensor_id > $1 ORDER BY sensor_id LIMIT $2`,
    [after, limit],
  );
  return rows;
}
