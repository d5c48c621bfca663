/**
 * A long history: every view of it comes at once, and all of it streams out in constant memory.
 *
 * A few days are enough to see that an answer does not grow with what is stored. HISTORY_DAYS=365
 * takes a year, 52 million readings, which needs some 15 GB of disk and 10 minutes more.
 */
import { execFile } from 'node:child_process';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Releases } from '@zdenergy/core';
import { historySensor, writeHistory, type History } from '@zdenergy/storage';
import type { Database } from '../src/database.js';
import { inWords, quantile } from '../src/figures.js';
import type { Answer } from '../src/http.js';
import { megabytesInWords, MemoryWatch } from '../src/memory-watch.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const run = promisify(execFile);

const days = Number(process.env['HISTORY_DAYS'] ?? 14);
const setUpMs = 180_000 + days * 10_000;
/** From the figures of the page. */
const viewMs = 300;
const mostPoints = 2_000;
/** Of the speed at which psql writes the same rows in the same order. */
const leastShareOfPsql = 0.8;
const mostGrowthBytes = 64 * 1024 * 1024;
const dayMs = 24 * 3_600_000;
const minuteMs = 60_000;

const releases = new Releases();
let zdenergy: Zdenergy;
let database: Database;
let history: History;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases);
  database = await zdenergy.database();
  history = await writeHistory(await zdenergy.databaseUrl(), { days, sensors: 100 });
}, setUpMs);
afterAll(() => releases.release(), setUpMs);

const view = (sensors: number, fromMs: number, toMs: number): string =>
  `/api/history?from=${fromMs / 1_000}&to=${toMs / 1_000}` +
  Array.from({ length: sensors }, (_, n) => `&sensor_id=${historySensor(n + 1)}`).join('');

/** Of three answers, since other work of the machine only adds. */
async function quickest(path: string): Promise<Answer> {
  const answers = [await zdenergy.ask(path), await zdenergy.ask(path), await zdenergy.ask(path)];
  return answers.reduce((a, b) => (b.tookMs < a.tookMs ? b : a));
}

interface ChartAnswer {
  readonly series: readonly {
    readonly count: number;
    readonly time: readonly number[];
    readonly temp: readonly (number | null)[];
  }[];
}

const windowsMinutes = [5, 15, 30, 60, 120, 360, 720, 1_440, 7 * 1_440, 30 * 1_440, 365 * 1_440];

it('shows every window, of one sensor and of ten, at once and in few points', async () => {
  const tookMs: number[] = [];
  for (const sensors of [1, 10]) {
    for (const minutes of windowsMinutes) {
      const answer = await quickest(view(sensors, history.toMs - minutes * minuteMs, history.toMs));
      const { series } = JSON.parse(answer.body) as ChartAnswer;
      tookMs.push(answer.tookMs);
      const perSensor = Math.min(minutes, history.rows / 100);
      // A bucket is whole: at the beginning it may have more readings than the window.
      for (const { count } of series) expect(count).toBeGreaterThanOrEqual(perSensor);
      const points = series.reduce((sum, { time }) => sum + time.length, 0);
      expect(points).toBeLessThanOrEqual(mostPoints);
      expect(points).toBeGreaterThanOrEqual(sensors);
    }
  }
  tell(`a view of ${history.rows.toLocaleString('en')} readings`, tookMs);
  expect(Math.max(...tookMs)).toBeLessThan(viewMs);
});

it('shows a day in the middle of it as the readings themselves have it', async () => {
  const fromMs = history.fromMs + Math.floor(days / 2) * dayMs;
  const { body, tookMs } = await quickest(view(1, fromMs, fromMs + dayMs));
  expect(tookMs).toBeLessThan(viewMs);
  const { series } = JSON.parse(body) as ChartAnswer;
  const stored = await database.rows<{ time: number; temperature: number }>(
    `SELECT extract(epoch FROM time)::float8 AS time, temperature FROM readings
      WHERE sensor_id = $1 AND time >= to_timestamp($2) AND time < to_timestamp($3) ORDER BY time`,
    [historySensor(1), fromMs / 1_000, (fromMs + dayMs) / 1_000],
  );
  expect(series[0]?.time).toEqual(stored.map(({ time }) => time));
  expect(series[0]?.temp).toEqual(stored.map(({ temperature }) => temperature));
});

it.each([
  ['which days there are', '/api/dates'],
  ['the size of everything as CSV', '/api/export/estimate?all=true'],
  [
    'the size of everything of a sensor',
    `/api/export/estimate?all=true&sensor_id=${historySensor(7)}`,
  ],
  ['the newest readings', '/api/data?window=527040&limit=1000'],
  [
    'the newest readings of a sensor',
    `/api/data?window=527040&limit=1000&sensor_id=${historySensor(7)}`,
  ],
])('says %s at once', async (what, path) => {
  const { statusCode, tookMs } = await quickest(path);
  expect(statusCode).toBe(200);
  tell(what, [tookMs]);
  expect(tookMs).toBeLessThan(viewMs);
});

it('counts all of it exactly', async () => {
  const dates = JSON.parse((await zdenergy.ask('/api/dates')).body) as { total_readings: number };
  expect(dates.total_readings).toBe(history.rows);
});

it(
  'exports everything nearly as fast as psql, in constant memory',
  async () => {
    const memory = new MemoryWatch(await zdenergy.pidOf('api'), releases);
    let lines = 0;
    const exportMs = await timed(async () => {
      lines = await countLines('/api/export/csv?all=true');
    });
    const growthBytes = memory.growthBytes;
    const url = await zdenergy.databaseUrl();
    const psqlMs = await timed(() => copyWithPsql(url));
    const share = psqlMs / exportMs;
    process.stderr.write(
      `figure: ${lines.toLocaleString('en')} lines of CSV in ${inWords(exportMs)}, ${share.toFixed(2)} ` +
        `of the speed of psql \\copy; the worker grew by ${megabytesInWords(growthBytes)}\n`,
    );
    expect(lines).toBe(history.rows + 1);
    expect(growthBytes).toBeLessThan(mostGrowthBytes);
    expect(share).toBeGreaterThan(leastShareOfPsql);
  },
  setUpMs * 2,
);

it('waits for a slow reader of everything, and fills no memory meanwhile', async () => {
  const memory = new MemoryWatch(await zdenergy.pidOf('api'), releases);
  const response = await get('/api/export/csv?all=true');
  await new Promise((begun) => response.once('data', begun));
  response.pause();
  await sleep(5_000);
  const growthBytes = memory.growthBytes;
  process.stderr.write(`figure: a reader that waits costs ${megabytesInWords(growthBytes)}\n`);
  expect(growthBytes).toBeLessThan(mostGrowthBytes);
  const exporting = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'COPY (%'
                      AND application_name = 'zdenergy export' AND state = 'active'`;
  expect(await database.row(exporting)).toEqual({ n: 1 });
  response.destroy();
  await eventually(async () => expect(await database.row(exporting)).toEqual({ n: 0 }));
});

function tell(what: string, tookMs: readonly number[]): void {
  process.stderr.write(
    `figure: ${what}: ${inWords(quantile(tookMs, 0.5))} (median), ${inWords(Math.max(...tookMs))} (longest)\n`,
  );
}

/** An answer of which nothing was read yet. */
function get(path: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: zdenergy.ports.http, path, agent: false };
    http.get(options, resolve).on('error', reject);
  });
}

/** Reads an answer to its end, and keeps nothing of it. */
async function countLines(path: string): Promise<number> {
  let lines = 0;
  for await (const chunk of (await get(path)) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return lines;
}

/** The same rows, in the same order and the same words, as somebody at a prompt would have them. */
async function copyWithPsql(url: string): Promise<void> {
  const rows =
    `SELECT date_trunc('second', time AT TIME ZONE 'UTC'), round(temperature::numeric, 2),
    round(humidity::numeric, 2), round(lux::numeric, 2), round(irradiance::numeric, 3), sensor_id
    FROM readings ORDER BY time, sensor_id`.replaceAll('\n', ' ');
  await run('psql', ['-X', url, '-c', `\\copy (${rows}) TO '/dev/null' WITH (FORMAT csv, HEADER)`]);
}
