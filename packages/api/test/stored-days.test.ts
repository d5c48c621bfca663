/** `readings_daily` follows `readings_hourly` in a real Postgres, whoever writes the hours. */
import {
  migrateDatabase,
  openRollups,
  openStoredData,
  runJob,
  type Rollups,
  type StoredData,
} from '@zdenergy/storage';
import { storeReadings, type Reading, type StoredReadings } from './stored-readings.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** The middle of a day, the middle of a month, and a clock that changes in many zones on the way. */
const startMs = Date.UTC(2025, 2, 10, 15);
const days = 50;

let stored: StoredReadings;
let rollups: Rollups;
let data: StoredData;

beforeAll(async () => {
  stored = await storeReadings();
  rollups = openRollups(stored.databaseUrl);
  data = openStoredData(stored.databaseUrl);
  await stored.add([...series('a', 0), ...series('b', 7)]);
  await rollups.look(Date.now() - 2 * hour, 60 * day);
}, 60_000);
afterAll(async () => {
  await Promise.all([rollups.close(), data.close()]);
  await stored.stop();
});

/** A reading every 20 minutes, some of which measured nothing. */
const series = (sensorId: string, offsetMinutes: number): Reading[] =>
  Array.from({ length: days * 72 }, (_, n): Reading => {
    const timeMs = startMs + (n * 20 + offsetMinutes) * minute;
    const reading = { sensorId, timeMs, receivedAtMs: Date.now() - day };
    return n % 11 === 0 ? reading : { ...reading, temperature: (n * 37) % 101 };
  });

async function rows(sql: string): Promise<unknown[]> {
  const { signal } = new AbortController();
  let result: unknown[] = [];
  const outcome = await runJob(
    stored.databaseUrl,
    { job: 'statistics', day: '2025-03-01', isShared: false, timeoutMs: 60_000, signal },
    async ({ client }) => {
      result = (await client.query<Record<string, unknown>>(sql)).rows;
      return '';
    },
  );
  expect(outcome).toMatchObject({ outcome: 'done' });
  return result;
}

/** The days that there are, and those of them that are not what their hours say. */
async function examineDays(): Promise<unknown> {
  const [found] = await rows(`
    SELECT count(kept.*)::integer AS days, count(*) FILTER (WHERE
             made.first_time IS DISTINCT FROM kept.first_time
             OR made.readings IS DISTINCT FROM kept.readings
             OR made.low IS DISTINCT FROM kept.temperature_min
             OR made.high IS DISTINCT FROM kept.temperature_max
             OR made.measured IS DISTINCT FROM kept.temperature_count
             OR abs(made.mean - kept.temperature_avg) > 1e-9
             OR (made.mean IS NULL) <> (kept.temperature_avg IS NULL)
             OR kept.lux_avg IS NOT NULL OR kept.lux_count <> 0)::integer AS wrong
      FROM (SELECT sensor_id, (date_trunc('day', bucket AT TIME ZONE 'UTC')) AT TIME ZONE 'UTC' AS bucket,
                   min(first_time) AS first_time, sum(readings) AS readings,
                   min(temperature_min) AS low, max(temperature_max) AS high,
                   sum(temperature_count) AS measured,
                   sum(temperature_avg * temperature_count) / nullif(sum(temperature_count), 0) AS mean
              FROM readings_hourly GROUP BY 1, 2) AS made
      FULL JOIN readings_daily AS kept USING (sensor_id, bucket)`);
  return found;
}

describe('the averages of days', () => {
  /** The first and the last day are half ones. */
  const ofBoth = 2 * (days + 1);

  it('are made of the hours', async () => {
    expect(await examineDays()).toEqual({ days: ofBoth, wrong: 0 });
  });

  it('are made by the migration, for a database that has had hours for long', async () => {
    await rows(`
      DROP TABLE readings_daily; DROP FUNCTION make_days CASCADE;
      DELETE FROM schema_migrations WHERE name LIKE '%readings_daily%';
      CREATE ROLE "who reads" LOGIN; GRANT SELECT ON readings_hourly TO "who reads"`);
    expect(await migrateDatabase(stored.databaseUrl)).toEqual(['0010_readings_daily.sql']);
    expect(await examineDays()).toEqual({ days: ofBoth, wrong: 0 });
    expect(
      await rows(
        `SELECT has_table_privilege('who reads', 'readings_daily', 'SELECT') AS reads,
                has_table_privilege('who reads', 'readings_daily', 'INSERT') AS writes`,
      ),
    ).toEqual([{ reads: true, writes: false }]);
  });

  it('change with what arrives late', async () => {
    const receivedAtMs = Date.now() - minute;
    const late = [3, 20].map((n) => ({
      sensorId: 'a',
      timeMs: startMs + n * day + 1,
      receivedAtMs,
    }));
    const first = { sensorId: 'a', timeMs: startMs - 3 * day, receivedAtMs, temperature: 500 };
    await stored.add([...late.map((reading) => ({ ...reading, temperature: 1_000 })), first]);
    await rollups.look(Date.now(), 60 * day);
    expect(await examineDays()).toEqual({ days: ofBoth + 1, wrong: 0 });
    expect(
      await rows(`SELECT count(*)::integer AS n FROM readings_daily WHERE temperature_max = 1000`),
    ).toEqual([{ n: 2 }]);
  });

  it('give a long chart and a long count of a sensor', async () => {
    const [fromMs, toMs] = [startMs + 5 * hour, startMs + 40 * day + 8 * hour];
    // The two late ones, and one every 20 minutes.
    const readings = 2 + (toMs - fromMs) / (20 * minute);
    expect(await data.extent({ fromMs, toMs }, 'a')).toMatchObject({ readings, firstMs: fromMs });
    const chart = await data.chart({ sensorIds: ['a'], fromMs, toMs, points: 60 });
    expect(chart).toMatchObject({ source: 'days', bucketSeconds: day / 1_000 });
    expect(chart.points).toHaveLength(41);
    expect(await data.extent({ fromMs: -Infinity, toMs: Infinity }, 'a')).toMatchObject({
      readings: 3 + days * 72,
      firstMs: startMs - 3 * day,
    });
  });

  it.each([
    ['days', 5 * day + 10 * hour],
    ['hours', 2 * day + 20 * minute],
  ])(
    'tell from whole %s that there are too many readings to show each',
    async (_rows, lengthMs) => {
      const fromMs = startMs + 30 * day + 10 * minute;
      const toMs = fromMs + lengthMs;
      const points = lengthMs / (20 * minute);
      const all = await data.chart({ sensorIds: ['a'], fromMs, toMs, points });
      expect([all.bucketSeconds, all.points.length]).toEqual([0, points]);
      const fewer = await data.chart({ sensorIds: ['a'], fromMs, toMs, points: points - 1 });
      expect(fewer.bucketSeconds).toBeGreaterThan(0);
      expect(fewer.points.length).toBeLessThan(points);
    },
  );

  it('go with their hours, a part of them or all', async () => {
    const boundary = `timestamptz '2025-03-31 18:00Z'`;
    await rows(`DELETE FROM readings_hourly WHERE sensor_id = 'a' AND bucket < ${boundary}`);
    // From the 7th, and from the 10th to the 30th.
    expect(await examineDays()).toEqual({ days: ofBoth + 1 - 22, wrong: 0 });
    expect(
      await rows(
        `SELECT readings FROM readings_daily WHERE sensor_id = 'a' ORDER BY bucket LIMIT 1`,
      ),
    ).toEqual([{ readings: 18 }]);
  });
});
