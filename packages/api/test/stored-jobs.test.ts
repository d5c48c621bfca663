/** What the scheduled jobs do to a real Postgres that the drain fills. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { timeZone } from '@zdenergy/core';
import {
  deleteRejectedBefore,
  dropMonthsBefore,
  makePartitionsAhead,
  openCsvExport,
  openRollups,
  openSensorTable,
  openStoredData,
  refreshStatistics,
  runJob,
  type DroppedMonth,
  type JobName,
  type JobOrder,
  type JobOutcome,
  type JobSession,
  type Rollups,
  type SensorTable,
  type StoredData,
} from '@zdenergy/storage';
import { dailyExportJob } from '../src/jobs/daily-export.js';
import { writeExportFile } from '../src/jobs/export-file.js';
import { storeReadings, type Reading, type StoredReadings } from './stored-readings.js';

const minute = 60_000;
const day = 24 * 60 * minute;
const january = Date.UTC(2025, 0, 1);
const february = Date.UTC(2025, 1, 1);
const always = { fromMs: -Infinity, toMs: Infinity };

let stored: StoredReadings;
let rollups: Rollups;
let sensors: SensorTable;
let data: StoredData;
let directory: string;

beforeAll(async () => {
  stored = await storeReadings();
  rollups = openRollups(stored.databaseUrl);
  sensors = openSensorTable(stored.databaseUrl);
  data = openStoredData(stored.databaseUrl);
  directory = await mkdtemp(join(tmpdir(), 'zdenergy-jobs-'));
}, 60_000);
afterAll(async () => {
  await Promise.all([rollups.close(), sensors.close(), data.close()]);
  await stored.stop();
  await rm(directory, { recursive: true });
});

/** Runs a job as a process would; not shared unless it is said. */
function run(
  job: JobName,
  work: (session: JobSession) => Promise<string>,
  order: Partial<JobOrder> = {},
): Promise<JobOutcome> {
  const { signal } = new AbortController();
  const usual = { job, day: '2025-03-01', isShared: false, timeoutMs: 60_000, signal };
  return runJob(stored.databaseUrl, { ...usual, ...order }, work);
}

async function rows(sql: string): Promise<unknown[]> {
  let result: unknown[] = [];
  await run('daily-export', async ({ client }) => {
    result = (await client.query<Record<string, unknown>>(sql)).rows;
    return '';
  });
  return result;
}

async function drop(sinceMs: number): Promise<DroppedMonth[]> {
  const dropped: DroppedMonth[] = [];
  await run('retention', async ({ client }) => {
    await dropMonthsBefore(client, sinceMs, (month) => dropped.push(month));
    return '';
  });
  return dropped;
}

/** A reading every minute. */
const series = (sensorId: string, fromMs: number, count: number, receivedAtMs: number): Reading[] =>
  Array.from({ length: count }, (_, n) => ({
    sensorId,
    timeMs: fromMs + n * minute,
    receivedAtMs,
    temperature: n,
  }));

async function sensorIds(): Promise<string[]> {
  const rule = { lateAfterIntervals: 3, silentAfterIntervals: 10, silentAfterSeconds: 600 };
  const page = await sensors.list({
    ...{ after: '', limit: 100, sensorIds: undefined, search: '', status: undefined },
    ...{ rule, nowMs: Date.now() },
  });
  return page.sensors.map(({ sensorId }) => sensorId);
}

/** What each way to ask says of all that there is. */
async function answers(): Promise<unknown> {
  const { readings, firstMs } = await data.extent(always, undefined);
  // Fewer points than readings: made of the rollups.
  const chart = await data.chart({
    ...{ sensorIds: ['both'], fromMs: january, toMs: february + 10 * day, points: 10 },
  });
  const csv = await openCsvExport(stored.databaseUrl, {
    ...{ range: always, sensorId: undefined, displayTimeZone: 'UTC', byteOrderMark: false },
  });
  const file = join(directory, 'all.csv');
  await writeExportFile(directory, 'all.csv', csv);
  await csv.close();
  const lines = (await readFile(file, 'utf8')).trim().split('\n').length - 1;
  await rm(file);
  const newest = await data.newest(always, undefined, 10_000);
  return {
    ...{ readings, firstMs, lines, newest: newest.length, sensors: await sensorIds() },
    ...{ source: chart.source, charted: chart.points.reduce((sum, p) => sum + p.readings, 0) },
  };
}

describe('retention', () => {
  const receivedAtMs = Date.now() - day;
  const summedUp = [
    ...series('gone', january + 14 * day, 100, receivedAtMs),
    ...series('both', february - 30 * minute, 60, receivedAtMs),
  ];
  /** Received when the sums were made already. */
  const notSummedUp = series('gone', january + 20 * day, 7, Date.now() - 1_000);

  it('takes a month out of everything that is asked', async () => {
    await stored.add(summedUp);
    await rollups.look(Date.now() - day / 2, 60 * day);
    await stored.add(notSummedUp);
    await sensors.look(Date.now(), 60 * day);
    expect(await sensorIds()).toEqual(['both', 'gone']);
    expect(await data.extent(always, undefined)).toMatchObject({ readings: 167 });

    expect(await drop(february - 1)).toEqual([]);
    expect(await drop(february)).toEqual([{ month: '2025-01', readings: 137 }]);

    expect(await answers()).toMatchObject({
      ...{ readings: 30, firstMs: february, lines: 30, newest: 30, sensors: ['both'] },
      ...{ source: 'hours', charted: 30 },
    });
    for (const table of ['readings_5min', 'readings_hourly', 'readings_counts']) {
      const [found] = await rows(
        `SELECT min(bucket) AS first, sum(readings)::integer AS readings FROM ${table}`,
      );
      expect(found).toEqual({ first: new Date(february), readings: 30 });
    }
    expect(await drop(february)).toEqual([]);
  });

  it('lets a late reading of a dropped month in, and counts it once', async () => {
    // The drain knows the month from before, and that it has a partition.
    await stored.add(series('late', january + 15 * day, 3, Date.now() - 500));
    expect(
      await rows(`SELECT count(*)::integer AS n FROM readings WHERE sensor_id = 'late'`),
    ).toEqual([{ n: 3 }]);
    expect(await rows('SELECT count(*)::integer AS n FROM rejected_readings')).toEqual([{ n: 0 }]);
    await rollups.look(Date.now(), 60 * day);
    await rollups.look(Date.now(), 60 * day);
    expect(await answers()).toMatchObject({ readings: 33, lines: 33, newest: 33 });
    expect(await drop(february)).toEqual([{ month: '2025-01', readings: 3 }]);
    expect(await answers()).toMatchObject({ readings: 30, lines: 30, newest: 30 });
  });

  it('waits for somebody who reads, and nobody waits for it', async () => {
    await stored.add(series('held', january, 5, Date.now()));
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const reader = new Promise<void>((reads, failed) => {
      run('statistics', async ({ client }) => {
        await client.query('BEGIN; SELECT count(*) FROM readings');
        reads();
        await held;
        await client.query('ROLLBACK');
        return '';
      }).catch(failed);
    });
    await reader;
    const dropping = drop(february);
    const tookMs: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      const startedAtMs = performance.now();
      await stored.add(series('held', february + n * day, 5, Date.now()));
      await data.newest(always, 'both', 1);
      tookMs.push(performance.now() - startedAtMs);
      await sleep(200);
    }
    // Half a second behind the lock, and what a busy machine needs for the rest.
    expect(Math.max(...tookMs)).toBeLessThan(1_500);
    letGo();
    expect(await dropping).toEqual([{ month: '2025-01', readings: 5 }]);
    expect(await sensorIds()).toContain('both');
  });

  it('says who is in the way when the sums are being brought up to date', async () => {
    await stored.add(series('held', january, 1, Date.now()));
    const dropping = run('retention', async ({ client }) => {
      await run('statistics', async (other) => {
        await other.client.query('BEGIN; SELECT pg_advisory_xact_lock(7246003)');
        await dropMonthsBefore(client, february, () => undefined, 100);
        return '';
      });
      return '';
    });
    await expect(dropping).rejects.toThrow(
      /readings_2025_01 is not dropped yet: the averages or the table of sensors .* 0\.1 s$/,
    );
    expect(await drop(february)).toEqual([{ month: '2025-01', readings: 1 }]);
  });

  it('deletes what was rejected before', async () => {
    const insert = (time: string): string =>
      `INSERT INTO rejected_readings (rejected_at, peer, reason, raw)
       VALUES ('${time}', 'peer', 'reason', 'raw')`;
    await rows(insert('2025-01-31 23:59:59Z'));
    await rows(insert('2025-02-01 00:00:00Z'));
    let deleted = 0;
    await run('retention', async ({ client }) => {
      deleted = await deleteRejectedBefore(client, february);
      return '';
    });
    expect(deleted).toBe(1);
    expect(await rows('SELECT rejected_at FROM rejected_readings')).toEqual([
      { rejected_at: new Date(february) },
    ]);
  });
});

describe('a run', () => {
  const shared = { isShared: true };

  it('is the only one of its job, and is done once for a day', async () => {
    let second: JobOutcome | undefined;
    const first = await run(
      'partitions',
      async () => {
        second = await run('partitions', () => Promise.resolve('must not run'), shared);
        return 'ran';
      },
      shared,
    );
    expect(first).toEqual({ outcome: 'done', did: 'ran' });
    expect(second).toEqual({ outcome: 'busy' });
    expect(await run('partitions', () => Promise.resolve('again'), shared)).toEqual({
      outcome: 'already done',
    });
    const tomorrow = { ...shared, day: '2025-03-02' };
    const next = await run(
      'partitions',
      ({ doneFor }) => Promise.resolve(`after ${String(doneFor)}`),
      tomorrow,
    );
    expect(next).toEqual({ outcome: 'done', did: 'after 2025-03-01' });
  });

  it('shows in job_runs, also one that failed, which is tried again', async () => {
    const third = { ...shared, day: '2025-03-03' };
    const fails = run('partitions', () => Promise.reject(new Error('for a reason')), third);
    await expect(fails).rejects.toThrow('for a reason');
    const show = `SELECT outcome, detail, done_for::text, ended_at IS NOT NULL AS ended
                    FROM job_runs WHERE job = 'partitions'`;
    expect(await rows(show)).toEqual([
      { outcome: 'failed', detail: 'for a reason', done_for: '2025-03-02', ended: true },
    ]);
    await run('partitions', () => Promise.resolve('worked'), third);
    expect(await rows(show)).toEqual([
      { outcome: 'done', detail: 'worked', done_for: '2025-03-03', ended: true },
    ]);
  });

  it('ends at once when it is told to, and leaves no lock behind', async () => {
    const stopping = new AbortController();
    const startedAtMs = performance.now();
    setTimeout(() => stopping.abort(), 300);
    const sleeps = run(
      'statistics',
      async ({ client }) => {
        await client.query('SELECT pg_sleep(10)');
        return '';
      },
      { signal: stopping.signal },
    );
    await expect(sleeps).rejects.toThrow('ended the connection');
    let next: JobOutcome = { outcome: 'busy' };
    while (next.outcome === 'busy') {
      next = await run('statistics', () => Promise.resolve('ran'));
    }
    expect(next).toEqual({ outcome: 'done', did: 'ran' });
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });
});

it('makes the months ahead, over the end of a year', async () => {
  const ahead = async (now: number): Promise<string[]> => {
    let made: string[] = [];
    await run('partitions', async ({ client }) => {
      made = await makePartitionsAhead(client, now);
      return '';
    });
    return made;
  };
  const december = Date.UTC(2031, 11, 31, 23, 59);
  expect(await ahead(december)).toEqual(['readings_2031_12', 'readings_2032_01']);
  expect(await ahead(december)).toEqual([]);
  expect(await ahead(december + minute)).toEqual(['readings_2032_02']);
});

it('renews the statistics of what has changed, and of readings itself', async () => {
  const refresh = async (): Promise<string[]> => {
    let names: string[] = [];
    await run('retention', async ({ client }) => {
      names = await refreshStatistics(client);
      return '';
    });
    return names;
  };
  await stored.add(series('many', february + 5 * day, 5_000, Date.now()));
  const refreshed = new Set<string>();
  // A session that goes idle may tell only after 10 s what it has changed.
  while (!refreshed.has('readings_2025_02')) {
    for (const name of await refresh()) refreshed.add(name);
    await sleep(200);
  }
  expect([...refreshed]).toEqual(expect.arrayContaining(['readings_2025_02', 'readings']));
  const parent = `SELECT reltuples::integer > 4000 AS known FROM pg_class WHERE relname = 'readings'`;
  expect(await rows(parent)).toEqual([{ known: true }]);
  expect(await refresh()).not.toContain('readings_2025_02');
}, 30_000);

describe('a file of an export', () => {
  const name = 'sensor_data_2025-02-01.csv';
  const open = (fromMs: number, toMs: number) =>
    openCsvExport(stored.databaseUrl, {
      ...{ range: { fromMs, toMs }, sensorId: 'both', displayTimeZone: 'UTC' },
      byteOrderMark: false,
    });

  it('is there when it is whole, for the owner and the group', async () => {
    const csv = await open(february, february + day);
    expect(await writeExportFile(directory, name, csv)).toBe(30);
    await csv.close();
    const lines = (await readFile(join(directory, name), 'utf8')).split('\n');
    expect(lines[0]).toMatch(/^Timestamp,Temperature \(°C\)/);
    expect(lines).toHaveLength(32);
    const { mode } = await stat(join(directory, name));
    expect({ group: mode & 0o020, others: mode & 0o007 }).toEqual({ group: 0, others: 0 });
    expect(await readdir(directory)).toEqual([name]);
  });

  it('is not made for a day without readings, nor written over', async () => {
    const empty = await open(0, 1);
    expect(await writeExportFile(directory, 'sensor_data_1970-01-01.csv', empty)).toBe(0);
    await empty.close();
    await writeFile(join(directory, name), 'mine');
    const csv = await open(february, february + day);
    await expect(writeExportFile(directory, name, csv)).rejects.toThrow('is left as it is');
    await csv.close();
    expect(await readFile(join(directory, name), 'utf8')).toBe('mine');
    expect(await readdir(directory)).toEqual([name]);
  });

  it('leaves nothing behind when its session has ended', async () => {
    const csv = await open(february, february + day);
    await csv.close();
    await expect(writeExportFile(directory, 'sensor_data_x.csv', csv)).rejects.toThrow();
    expect(await readdir(directory)).toEqual([name]);
  });
});

it('exports no day that is not over by the clock of the database', async () => {
  const yesterdayMs = Math.floor(Date.now() / day) * day - day;
  await stored.add(series('yesterday', yesterdayMs, 3, Date.now()));
  const days = await mkdtemp(join(directory, 'days-'));
  const job = dailyExportJob({
    ...{ directory: days, databaseUrl: stored.databaseUrl, displayTimeZone: 'UTC' },
    ...{ zone: timeZone('UTC'), retentionDays: 1, incompleteMs: () => 0 },
  });
  const { signal } = new AbortController();
  const exportAt = (behindMs: number): Promise<JobOutcome> =>
    run('daily-export', ({ databaseNowMs, ...session }) =>
      job.run(
        { ...session, databaseNowMs: databaseNowMs - behindMs },
        { day: '2025-03-01', signal },
      ),
    );
  await expect(exportAt(day)).rejects.toThrow(
    /by the database's clock, 1 d behind ours, yesterday/,
  );
  expect(await readdir(days)).toEqual([]);
  const name = `sensor_data_${new Date(yesterdayMs).toISOString().slice(0, 10)}.csv`;
  expect(await exportAt(0)).toEqual({ outcome: 'done', did: `wrote ${name} (3 rows)` });
  expect(await readdir(days)).toEqual([name]);
});
