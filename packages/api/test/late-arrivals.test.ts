/**
 * Several zdenergy on one database: what one of them stores long after it was received, when the looks
 * at what arrived have passed that moment already, is accounted for all the same.
 */
import {
  openRollups,
  openSensorTable,
  openStoredData,
  type Rollups,
  type SensorTable,
  type StoredData,
} from '@zdenergy/storage';
import { storeReadings, type StoredReadings } from './stored-readings.js';

const minute = 60_000;
const year = 365 * 24 * 60 * minute;
const start = Date.UTC(2025, 5, 1);
const always = { fromMs: -Infinity, toMs: Infinity };

let stored: StoredReadings;
let rollups: Rollups;
let sensors: SensorTable;
let data: StoredData;

beforeAll(async () => {
  stored = await storeReadings();
  rollups = openRollups(stored.databaseUrl);
  sensors = openSensorTable(stored.databaseUrl);
  data = openStoredData(stored.databaseUrl);
}, 60_000);
afterAll(async () => {
  await Promise.all([rollups.close(), sensors.close(), data.close()]);
  await stored.stop();
});

/** Stores a reading a minute of a sensor, all received at one moment. */
const add = (sensorId: string, count: number, receivedAtMs: number): Promise<void> =>
  stored.add(
    Array.from({ length: count }, (_, n) => ({
      sensorId,
      timeMs: start + n * minute,
      receivedAtMs,
      temperature: n,
    })),
  );

/** Both look until nothing is left, with what each look covers; gives the number of looks. */
async function lookUntil(completeUntilMs: number, windowMs: number): Promise<number> {
  let looks = 0;
  for (const table of [rollups, sensors]) {
    for (let untilMs = 0; untilMs < completeUntilMs; looks += 1) {
      untilMs = (await table.look(completeUntilMs, windowMs))?.untilMs ?? 0;
    }
  }
  return looks;
}

/** How many readings each way to ask knows of, and which sensors. */
async function known(): Promise<unknown> {
  const { readings } = await data.extent(always, undefined);
  const rule = { lateAfterIntervals: 3, silentAfterIntervals: 10, silentAfterSeconds: 600 };
  const page = await sensors.list({
    ...{ after: '', limit: 100, sensorIds: undefined, search: '', status: undefined },
    ...{ rule, nowMs: Date.now() },
  });
  const sensorIds = page.sensors.map(({ sensorId }) => sensorId);
  // Fewer points than there are hours: made of the rollups.
  const range = { fromMs: start, toMs: start + 4 * 60 * minute, points: 2 };
  const { points } = await data.chart({ sensorIds, ...range });
  return { readings, charted: points.reduce((sum, point) => sum + point.readings, 0), sensorIds };
}

it('takes in what came before the looks, and what came after they had passed', async () => {
  const nowMs = Date.now();
  await add('early', 60, nowMs - 10 * minute);
  await lookUntil(nowMs - minute, year);
  expect(await known()).toEqual({ readings: 60, charted: 60, sensorIds: ['early'] });

  await add('late', 30, nowMs - 5 * minute);
  await add('later', 20, nowMs - 3 * minute);
  await add('fresh', 10, nowMs);
  await lookUntil(Date.now(), year);
  const all = { readings: 120, charted: 120, sensorIds: ['early', 'fresh', 'late', 'later'] };
  expect(await known()).toEqual(all);

  // A note is gone once it was acted on.
  expect(await lookUntil(Date.now(), year)).toBe(2);
  expect(await known()).toEqual(all);
});

it('takes in piece by piece what takes long', async () => {
  const nowMs = Date.now();
  await lookUntil(nowMs, year);
  for (let n = 0; n < 4; n += 1) await add(`piece ${n}`, 5, nowMs - (4 - n) * minute);
  expect(await lookUntil(nowMs, minute)).toBeGreaterThan(6);
  expect(await known()).toMatchObject({ readings: 140, charted: 140 });
});
