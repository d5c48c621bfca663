/**
 * What zdenergy does by the calendar: months ahead, a CSV of each day, old months that go; by one of
 * several that share a database, and made up for at the start.
 */
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import type { Database } from '../src/database.js';
import { Gateway } from '../src/gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const releases = new Releases();
afterAll(() => releases.release());

const dayMs = 24 * 3_600_000;
const nowMs = Date.now();
/** A zone in which it is noon or so, far from the midnight that would change what yesterday is. */
const offsetHours = 12 - new Date(nowMs).getUTCHours();
const zone = `Etc/GMT${offsetHours > 0 ? '-' : '+'}${Math.abs(offsetHours)}`;
const localDay = (daysAgo: number): string =>
  new Date(nowMs + offsetHours * 3_600_000 - daysAgo * dayMs).toISOString().slice(0, 10);
const iso = (daysAgo: number): string => new Date(nowMs - daysAgo * dayMs).toISOString();
const oldMonth = iso(200).slice(0, 7);

let zdenergy: Zdenergy;
let database: Database;
let directory: string;

beforeAll(async () => {
  zdenergy = await Zdenergy.prepare(releases, {
    DISPLAY_TIMEZONE: zone,
    DAILY_EXPORT_DIR: 'days',
    LOG_LEVEL: 'debug',
  });
  directory = join(zdenergy.directory, 'days');
  await zdenergy.start();
  database = await zdenergy.database();
});

const reading = (sensorId: string, time: string, n: number): string =>
  `{"id":"${sensorId}","time":"${time}","temp":${n}}\n`;

async function send(lines: string): Promise<void> {
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  await gateway.end(lines);
}

async function logged(of: Zdenergy, pattern: RegExp): Promise<void> {
  await eventually(() => expect(of.program.output).toMatch(pattern));
}

it('makes the months ahead at the start, and names a directory that is missing', async () => {
  const month = new Date(nowMs);
  const names = [0, 1].map((ahead) => {
    const start = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + ahead));
    return `readings_${start.toISOString().slice(0, 7).replace('-', '_')}`;
  });
  await eventually(async () => {
    const made = await database.rows<{ name: string }>(
      `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'readings'::regclass ORDER BY relname`,
    );
    expect(made.map(({ name }) => name)).toEqual(names);
  });
  await logged(
    zdenergy,
    /Job partitions: made readings_\d{4}_\d\d and readings_\d{4}_\d\d, in [\d.]+ s/,
  );
  await logged(zdenergy, /Readings are kept for ever \(RETENTION_DAYS=0\)/);
  await logged(zdenergy, /❌ DAILY_EXPORT_DIR=days: there is no directory \/.*\/days\. Make it/);
  await logged(zdenergy, /❌ Job daily-export failed: there is no directory .* It is tried again/);
  const failed = await database.row(
    `SELECT outcome, ended_at FROM job_runs WHERE job = 'daily-export'`,
  );
  expect(failed).toEqual({ outcome: 'failed', ended_at: expect.any(Date) });
});

it('writes the days that are missing, and drops the months that are too old', async () => {
  const old = Array.from({ length: 5 }, (_, n) => reading('old', `${oldMonth}-15T12:00:0${n}Z`, n));
  const recent = [1, 3].flatMap((daysAgo) => [
    reading('a', iso(daysAgo), daysAgo),
    reading('=b', iso(daysAgo), 1),
  ]);
  await send([...old, ...recent, reading('a', iso(0), 0)].join(''));
  await zdenergy.settledLedger(10);
  await zdenergy.stop();
  await mkdir(directory);

  await zdenergy.start({ RETENTION_DAYS: '90' });
  const files = [3, 1].map((daysAgo) => `sensor_data_${localDay(daysAgo)}.csv`);
  await eventually(async () => expect((await readdir(directory)).sort()).toEqual(files));
  for (const [index, daysAgo] of [3, 1].entries()) {
    const { body } = await zdenergy.ask(`/api/export/csv?start_date=${localDay(daysAgo)}`);
    expect(await readFile(join(directory, files[index]), 'utf8')).toBe(body);
    expect(body.split('\n')).toHaveLength(4);
  }

  await logged(zdenergy, new RegExp(`Dropped ${oldMonth} with 5 readings \\(RETENTION_DAYS=90\\)`));
  expect(await database.count('readings', 'old')).toBe(0);
  await eventually(async () => {
    const { body } = await zdenergy.ask('/api/dates');
    expect(JSON.parse(body)).toEqual({
      date_range: { min_date: localDay(3), max_date: localDay(0) },
      total_readings: 5,
    });
  });
  expect((await zdenergy.ask('/api/sensors')).body).not.toContain('"old"');
});

it('takes a reading of a month that was dropped meanwhile', async () => {
  const month = oldMonth.replace('-', '_');
  await send(reading('late', `${oldMonth}-20T12:00:00Z`, 1));
  await zdenergy.settledLedger(11);
  // The drain knows the month by now.
  await database.rows(`DROP TABLE readings_${month}`);
  await send(reading('late', `${oldMonth}-20T12:00:01Z`, 2) + reading('a', iso(0.5), 5));
  expect(await zdenergy.settledLedger(12 + 1)).toMatchObject({ stored: 13, rejected: 0 });
  expect(await database.rows(`SELECT temperature FROM readings_${month}`)).toEqual([
    { temperature: 2 },
  ]);
  await zdenergy.whenHealth('ok');
});

it('does each job once, however many share the database', async () => {
  const before = await database.rows('SELECT job, started_at FROM job_runs ORDER BY job');
  const [file = ''] = (await readdir(directory)).sort();
  const { mtimeMs } = await stat(join(directory, file));
  const second = await Zdenergy.start(releases, {
    DATABASE_URL: await zdenergy.databaseUrl(),
    DISPLAY_TIMEZONE: zone,
    DAILY_EXPORT_DIR: directory,
    RETENTION_DAYS: '90',
    LOG_LEVEL: 'debug',
  });
  for (const job of ['partitions', 'retention', 'statistics']) {
    await logged(second, new RegExp(`Job ${job}: done for \\d{4}-\\d\\d-\\d\\d already`));
  }
  await logged(second, /Job daily-export: no day is missing, in /);
  const isOfAll = ({ job }: { job?: unknown }): boolean => job !== 'daily-export';
  const after = await database.rows('SELECT job, started_at FROM job_runs ORDER BY job');
  expect(after.filter(isOfAll)).toEqual(before.filter(isOfAll));
  expect((await stat(join(directory, file))).mtimeMs).toBe(mtimeMs);
  expect(await second.stop()).toMatchObject({ code: 0 });
});
