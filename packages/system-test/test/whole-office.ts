/** Whether everything of the office file has become rows of a sensor. */
import type { Database } from '../src/database.js';
import { officeTotals, type Totals } from '../src/office-readings.js';
import { eventually } from '../src/wait.js';

/** What the database holds of a sensor, as the office file's totals are given. */
function storedTotals(database: Database, sensorId: string): Promise<Totals> {
  return database.row<Totals & Record<string, unknown>>(
    `SELECT count(*)::int AS count, sum(temperature) AS temperature, sum(humidity) AS humidity,
            sum(lux) AS lux, min(time) AS first, max(time) AS last
       FROM readings WHERE sensor_id = $1`,
    [sensorId],
  );
}

/** Waits for the last row, then compares sums and times with the file's. */
export async function expectWholeOffice(
  database: Database,
  sensorId: string,
  zoneOffsetHours = 0,
): Promise<void> {
  const expected = officeTotals();
  const inUtc = (time: Date): Date => new Date(time.getTime() - zoneOffsetHours * 3_600_000);
  const stored = await eventually(async () => {
    const totals = await storedTotals(database, sensorId);
    expect(totals.count).toBe(expected.count);
    return totals;
  });
  expect(stored.temperature).toBeCloseTo(expected.temperature, 4);
  expect(stored.humidity).toBeCloseTo(expected.humidity, 4);
  expect(stored.lux).toBeCloseTo(expected.lux, 4);
  expect(stored.first).toEqual(inUtc(expected.first));
  expect(stored.last).toEqual(inUtc(expected.last));
}
