/**
 * A long history: charts of every window, and all of it as CSV.
 *
 * What always holds: before the first look of each kind Postgres was restarted; the CSV is compared
 * with COPY of the same rows, in the same words and order, to a client that forgets them.
 */
import type { Releases } from '@zdenergy/core';
import { exportByCopy, historySensor, writeHistory, type History } from '@zdenergy/storage';
import { monotonicMs } from './generator-protocol.js';
import type { Lab, OwnSite } from './lab.js';
import { openSession } from './outside-postgres.js';
import type { Findings, Part } from './parts.js';
import { sleep } from './settled.js';
import { count, megabytes, milliseconds, number, table } from './table.js';
import { measureIngest } from './throughput.js';
import { atLeast, atMost } from './verdicts.js';

const sensors = 100;
const windowsMinutes = [5, 15, 30, 60, 120, 360, 720, 1_440, 10_080, 43_200, 525_600];
const sensorCounts = [1, 10];
const mostChartMs = 300;
const leastShareOfCopy = 0.8;
const dayMs = 86_400_000;
const memoryEveryMs = 200;
const ingestReadings = 1_000_000;
const answerLimitMs = 60_000;
const restartLimitMs = 60_000;

export interface ChartTime {
  readonly windowMinutes: number;
  readonly sensors: number;
  /** The first time since Postgres was restarted. */
  readonly coldMs: number;
  readonly warmMs: number;
}

export interface LargeFigures {
  readonly rows: number;
  readonly writingSeconds: number;
  readonly charts: readonly ChartTime[];
  readonly csvSeconds: number;
  readonly csvBytes: number;
  readonly copySeconds: number;
  readonly apiMemory: { readonly beforeBytes: number; readonly peakBytes: number };
  /** Into the month that has the history's last rows. */
  readonly ingestPerSecond: number;
}

export const large: Part = {
  name: 'large',
  needsOwn: 'a long history is written into no other database',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    const site = await lab.own(releases);
    const { days } = lab.options;
    lab.say(`writing ${days} days of ${sensors} sensors, a reading a minute`);
    const startedAtMs = monotonicMs();
    const history = await writeHistory(site.instance.databaseUrl, { days, sensors });
    const writingSeconds = (monotonicMs() - startedAtMs) / 1_000;
    lab.say(`${count(history.rows)} rows: charts`);
    const charts = await measureCharts(site, history);
    lab.say('all of it by COPY, and as CSV');
    const copySeconds = await exportByCopy(site.instance.databaseUrl);
    const csv = await measureCsv(lab, releases, site, history);
    lab.say('ingest into the large table');
    const ingestPerSecond = await ingestInto(lab, releases, site);
    const figures: LargeFigures = {
      rows: history.rows,
      writingSeconds,
      charts,
      ...csv,
      copySeconds,
      ingestPerSecond,
    };
    return { result: figures, ...describeLarge(figures) };
  },
};

/** Each window once after a restart, the longest first, and three times more, of which the quickest counts. */
async function measureCharts(site: OwnSite, history: History): Promise<ChartTime[]> {
  const times: ChartTime[] = [];
  for (const sensorCount of sensorCounts) {
    await restartPostgres(site);
    // Its session is opened by the first question; that is not the chart's time.
    await ask(site, '/api/history?sensor_id=none&from=0&to=1');
    for (const windowMinutes of windowsMinutes.toReversed()) {
      const path =
        `/api/history?from=${history.toMs / 1_000 - windowMinutes * 60}&to=${history.toMs / 1_000}` +
        Array.from({ length: sensorCount }, (_, n) => `&sensor_id=${historySensor(n + 1)}`).join(
          '',
        );
      const coldMs = await ask(site, path);
      const warm = [await ask(site, path), await ask(site, path), await ask(site, path)];
      times.push({ windowMinutes, sensors: sensorCount, coldMs, warmMs: Math.min(...warm) });
    }
  }
  return times;
}

/** A fast shutdown; the supervisor starts it again. */
async function restartPostgres({ target, instance }: OwnSite): Promise<void> {
  const [pid] = target.watch.pidsOf('Postgres');
  process.kill(pid, 'SIGINT');
  const deadline = performance.now() + restartLimitMs;
  for (;;) {
    const [now] = target.watch.pidsOf('Postgres');
    if (now !== undefined && now !== pid) break;
    if (performance.now() > deadline) throw new Error('Postgres was not started again');
    await sleep(50);
  }
  await (await openSession(instance.databaseUrl)).close();
  const health = `http://${target.http.host}:${target.http.port}/api/health`;
  while (!(await fetch(health, { signal: AbortSignal.timeout(answerLimitMs) })).ok) {
    if (performance.now() > deadline) throw new Error('zdenergy did not get well again');
    await sleep(100);
  }
}

/** Milliseconds until the whole answer is there. */
async function ask({ target: { http } }: OwnSite, path: string): Promise<number> {
  const startedAtMs = monotonicMs();
  const response = await fetch(`http://${http.host}:${http.port}${path}`, {
    signal: AbortSignal.timeout(answerLimitMs),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 200)}`);
  return monotonicMs() - startedAtMs;
}

async function measureCsv(
  lab: Lab,
  releases: Releases,
  { target }: OwnSite,
  history: History,
): Promise<Pick<LargeFigures, 'csvSeconds' | 'csvBytes' | 'apiMemory'>> {
  const reader = lab.loadGenerator(releases);
  const memory = (): number => target.watch.memoryBytes('api worker');
  const beforeBytes = memory();
  let peakBytes = beforeBytes;
  const timer = setInterval(() => (peakBytes = Math.max(peakBytes, memory())), memoryEveryMs);
  const answer = await reader
    .ask('download', { ...target.http, path: '/api/export/csv?all=true' })
    .finally(() => clearInterval(timer));
  // Of the header, and of the probe's reading.
  if (answer.lines < history.rows + 2) throw new Error(`the CSV has ${answer.lines} lines only`);
  return {
    csvSeconds: answer.seconds,
    csvBytes: answer.bytes,
    apiMemory: { beforeBytes, peakBytes },
  };
}

async function ingestInto(lab: Lab, releases: Releases, site: OwnSite): Promise<number> {
  // Postgres was restarted, and the session with it.
  const session = await openSession(site.instance.databaseUrl);
  releases.push(() => session.close());
  const plan = {
    readings: ingestReadings,
    sensors: 1_000,
    prefix: site.target.prefix,
    firstTimeMs: lab.nowMs - dayMs,
    stepMs: 1_000,
  };
  const target = { ...site.target, session, watch: undefined };
  await target.generator.ask('prepare', { plan, connections: 10 });
  return (await measureIngest(target, plan, 10)).readingsPerSecond;
}

/** The figures in words, and how they stand to the targets. */
export function describeLarge(figures: LargeFigures): Omit<Findings, 'result'> {
  const { rows, charts, csvSeconds, copySeconds, apiMemory } = figures;
  const what = `${(rows / 1e6).toFixed(1)} million rows`;
  const share = copySeconds / csvSeconds;
  const slowest = (pick: (time: ChartTime) => number): number => Math.max(...charts.map(pick));
  return {
    lines: [
      `LARGE: ${what}, written in ${number(figures.writingSeconds)} s`,
      ...table([
        ['a chart of', ...sensorCounts.flatMap((n) => [`${n}, cold`, `${n}, warm`])],
        ...windowsMinutes.map((minutes) => [
          windowText(minutes),
          ...sensorCounts.flatMap((n) => {
            const time = charts.find(
              ({ sensors: own, windowMinutes }) => own === n && windowMinutes === minutes,
            );
            return [milliseconds(time?.coldMs ?? NaN), milliseconds(time?.warmMs ?? NaN)];
          }),
        ]),
      ]),
      `CSV of all: ${number(csvSeconds)} s, ${megabytes(figures.csvBytes)}; by COPY ${number(copySeconds)} s; ` +
        `API worker ${megabytes(apiMemory.beforeBytes)} before, at most ${megabytes(apiMemory.peakBytes)}`,
      `ingest into this table: ${number(figures.ingestPerSecond)} readings/s`,
    ],
    verdicts: [
      atMost(
        `chart of any window, ${what}, Postgres restarted`,
        mostChartMs,
        slowest(({ coldMs }) => coldMs),
        'ms',
      ),
      atMost(
        `chart of any window, ${what}, warm`,
        mostChartMs,
        slowest(({ warmMs }) => warmMs),
        'ms',
      ),
      atLeast(`CSV of ${what}, COPY to a client being 1`, leastShareOfCopy, share, ''),
    ],
    warnings: [],
  };
}

const windowText = (minutes: number): string =>
  minutes < 60
    ? `${minutes} min`
    : minutes < 1_440
      ? `${minutes / 60} h`
      : `${minutes / 1_440} days`;
