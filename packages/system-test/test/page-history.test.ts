/** The page over a long time: each window and range shows what the database has, and so does the CSV. */
import { readFile } from 'node:fs/promises';
import { Releases } from '@zdenergy/core';
import { historySensor, writeHistory, type History } from '@zdenergy/storage';
import type { Page } from 'playwright-core';
import type { Database } from '../src/database.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';
import { openPage } from './browser.js';
import { shows } from './page-text.js';

const zone = 'Asia/Shanghai';
const sensorId = historySensor(2);
const setUpMs = 240_000;

const releases = new Releases();
let zdenergy: Zdenergy;
let database: Database;
let history: History;
let page: Page;
let problems: readonly string[];

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, { DISPLAY_TIMEZONE: zone });
  database = await zdenergy.database();
  history = await writeHistory(await zdenergy.databaseUrl(), { days: 370, sensors: 2 });
  ({ page, problems } = await openPage(
    releases,
    `http://127.0.0.1:${zdenergy.ports.http}/?sensor=${sensorId}`,
    { acceptDownloads: true },
  ));
}, setUpMs);
afterAll(() => releases.release());
afterEach(() => expect(problems).toEqual([]));

/** Last, lowest and highest temperature and humidity, as the table under the charts has them. */
async function summary(): Promise<number[]> {
  const cells = await page.locator('.summary tbody td').allInnerTexts();
  return cells.slice(0, 6).map(Number);
}

/** The same by the database, from a time on; the end is left out. */
async function stored(from: string, to: string): Promise<number[]> {
  const of = (column: string): string =>
    `(SELECT ${column} FROM shown ORDER BY time DESC LIMIT 1), min(${column}), max(${column})`;
  const { values } = await database.row<{ values: number[] }>(
    `WITH shown AS (
       SELECT * FROM readings WHERE sensor_id = $1 AND time >= ${from} AND time < ${to}
     )
     SELECT ARRAY[${of('temperature')}, ${of('humidity')}] AS values FROM shown`,
    [sensorId],
  );
  return values;
}

async function showsWhatIsStored(title: string, from: string, to: string): Promise<void> {
  await shows(page, '#history-title', title);
  await eventually(async () => {
    // A minute may pass between the two.
    const [shown, wanted] = [await summary(), await stored(from, to)];
    expect(shown).toHaveLength(wanted.length);
    wanted.forEach((value, n) =>
      expect(Math.abs((shown[n] ?? Infinity) - value)).toBeLessThan(0.06),
    );
  });
}

it.each([
  ['5 min', 'Last 5 minutes', '5 min'],
  ['15 min', 'Last 15 minutes', '15 min'],
  ['30 min', 'Last 30 minutes', '30 min'],
  ['1 h', 'Last hour', '1 hour'],
  ['2 h', 'Last 2 hours', '2 hours'],
  ['6 h', 'Last 6 hours', '6 hours'],
  ['12 h', 'Last 12 hours', '12 hours'],
  ['24 h', 'Last 24 hours', '1 day'],
  ['7 d', 'Last 7 days', '7 days'],
  ['30 d', 'Last 30 days', '30 days'],
  ['1 y', 'Last year', '365 days'],
])('shows the window %s as it is stored', async (label, title, interval) => {
  await page.getByLabel(label, { exact: true }).check();
  await showsWhatIsStored(title, `now() - interval '${interval}'`, `'infinity'`);
});

const dayMs = 24 * 3_600_000;
/** The date, by the clocks of the display, so many days before the end of the history. */
const dateBefore = (days: number): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(history.toMs - days * dayMs);
const midnight = (date: string): string => `timestamp '${date}' AT TIME ZONE '${zone}'`;
const dayAfter = (date: string): string => midnight(date) + ` + interval '1 day'`;

it('shows a single day, by the clocks of the display', async () => {
  const date = dateBefore(100);
  await page.getByLabel('Day', { exact: true }).check();
  await page.getByLabel(`Day (${zone})`).fill(date);
  await showsWhatIsStored(date, midnight(date), dayAfter(date));
});

it('shows a range of dates, both of them included, and again by its address', async () => {
  const [from, to] = [dateBefore(40), dateBefore(20)];
  await page.getByLabel('Dates', { exact: true }).check();
  await page.getByLabel(`From (${zone})`).fill(from);
  await page.getByLabel(`To, included (${zone})`).fill(to);
  await showsWhatIsStored(`${from} to ${to}`, midnight(from), dayAfter(to));
  await page.reload();
  await showsWhatIsStored(`${from} to ${to}`, midnight(from), dayAfter(to));
});

describe('the CSV', () => {
  /** Chooses in the dialog, and gives the lines of the file. */
  async function download(choose: () => Promise<void>): Promise<string[]> {
    await page.getByRole('button', { name: 'Download CSV' }).click();
    await choose();
    await shows(page, '.estimate', 'sensor_data_');
    const coming = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    const path = await (await coming).path();
    await shows(page, '.progress', /Done: [\d,]+ rows/);
    await page.getByRole('button', { name: 'Close' }).first().click();
    const [header, ...lines] = (await readFile(path, 'utf8')).trimEnd().split('\n');
    // A mark at the beginning tells spreadsheets that it is UTF-8.
    expect(header).toBe(
      '\uFEFFTimestamp,Temperature (°C),Humidity (%),Lux,Irradiance (W/m²),Sensor',
    );
    return lines;
  }

  async function storedLines(from: string, to: string, sensor = 'true'): Promise<string[]> {
    const rows = await database.rows<{ line: string }>(
      `SELECT concat_ws(',', to_char(time AT TIME ZONE '${zone}', 'YYYY-MM-DD HH24:MI:SS'),
                to_char(temperature, 'FM990.00'), to_char(humidity, 'FM990.00'),
                to_char(lux, 'FM999990.00'), to_char(irradiance, 'FM999990.000'), sensor_id) AS line
         FROM readings WHERE time >= ${from} AND time < ${to} AND ${sensor} ORDER BY time, sensor_id`,
    );
    return rows.map(({ line }) => line);
  }

  const all = async (): Promise<void> => {
    await page.getByRole('dialog').getByRole('combobox').selectOption('');
  };

  it('has the last 24 hours', async () => {
    const lines = await download(async () => {
      await page.getByLabel('Last 24 hours').last().check();
    });
    // The first minute may have passed meanwhile.
    const wanted = await storedLines(
      `now() - interval '23 hours 50 min'`,
      `'infinity'`,
      `sensor_id = '${sensorId}'`,
    );
    expect(lines.slice(-wanted.length)).toEqual(wanted);
    expect(lines.length - wanted.length).toBeGreaterThanOrEqual(9);
    expect(lines.length - wanted.length).toBeLessThanOrEqual(11);
  });

  it('has a single day, of all sensors', async () => {
    const date = dateBefore(50);
    const lines = await download(async () => {
      await all();
      await page.getByLabel('A single day').check();
      await page.getByRole('dialog').getByLabel(`Day (${zone})`).fill(date);
    });
    expect(lines).toHaveLength(2 * 1_440);
    expect(lines).toEqual(await storedLines(midnight(date), dayAfter(date)));
  });

  it('has a range of dates', async () => {
    const [from, to] = [dateBefore(33), dateBefore(30)];
    const lines = await download(async () => {
      await all();
      await page.getByLabel('A range of dates').check();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel(`From (${zone})`).fill(from);
      await dialog.getByLabel(`To, included (${zone})`).fill(to);
    });
    expect(lines).toHaveLength(4 * 2 * 1_440);
    expect(lines).toEqual(await storedLines(midnight(from), dayAfter(to)));
  });

  it('has everything', async () => {
    const lines = await download(async () => {
      await all();
      await page.getByLabel('Everything').check();
    });
    expect(lines).toHaveLength(history.rows);
    const count = 5_000;
    const wanted = await storedLines(`to_timestamp(${history.fromMs / 1_000})`, `'infinity'`);
    expect(lines.slice(0, count)).toEqual(wanted.slice(0, count));
    expect(lines.slice(-count)).toEqual(wanted.slice(-count));
  });
});
