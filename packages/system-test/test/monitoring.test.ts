/**
 * What comes with zdenergy for Prometheus and Grafana, tried with the real Prometheus: the metrics say
 * what the ledger says, whatever happens to Postgres and to the workers; the rules, the dashboard and
 * every query in it work.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Releases } from '@zdenergy/core';
import { Database } from '../src/database.js';
import { ExternalPostgres } from '../src/external-postgres.js';
import { Gateway } from '../src/gateway.js';
import { npmRun } from '../src/npm.js';
import { monitoringDirectory, Prometheus } from '../src/prometheus.js';
import { eventually } from '../src/wait.js';
import { replaced } from '../src/workers.js';
import { Zdenergy } from '../src/zdenergy.js';

const run = promisify(execFile);
const apiToken = 'a-token-for-prometheus';
const rolePassword = 'it’s "read only"';
/** Well under a second, also on a busy machine. */
const mostAnswerMs = 500;

const releases = new Releases();
let postgres: ExternalPostgres;
let zdenergy: Zdenergy;
let prometheus: Prometheus;

beforeAll(async () => {
  postgres = await ExternalPostgres.start(releases);
  zdenergy = await Zdenergy.start(releases, { DATABASE_URL: postgres.url, API_TOKEN: apiToken });
  prometheus = await Prometheus.start(releases, zdenergy.ports.http, apiToken);
});
afterAll(() => releases.release());

async function send(text: string): Promise<void> {
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  await gateway.end(text);
}

/** How long each answer took. */
const tookMs: number[] = [];

async function metrics(): Promise<string> {
  const answer = await zdenergy.ask('/metrics');
  expect(answer.statusCode).toBe(200);
  tookMs.push(answer.tookMs);
  return answer.body;
}

/** Name and labels of every sample. */
const seriesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));

const reading = (id: string, temp: number, secondsAgo = 0): string =>
  JSON.stringify({ id, time: Math.floor(Date.now() / 1_000) - secondsAgo, temp, rh: 50, lux: 1 });

it('tells Prometheus what the ledger says', async () => {
  const first = reading('roof', 20, 60);
  const others = Array.from({ length: 99 }, (_, n) => reading('roof', 20, 61 + n));
  await send(
    [first, ...others, first, first, first, '{"id":"roof","temp":"none"}', '{'].join('\n'),
  );
  await zdenergy.settledLedger(105);
  await send(first.replace('"temp":20', '"temp":21'));
  const ledger = await zdenergy.settledLedger(106);
  expect(ledger).toEqual({ received: 106, stored: 100, duplicates: 3, rejected: 3, pending: 0 });
  await eventually(async () => {
    for (const key of ['received', 'stored', 'duplicates', 'rejected'] as const) {
      expect(await prometheus.value(`zdenergy_readings_${key}_total`)).toBe(ledger[key]);
    }
    expect(await prometheus.value('zdenergy_readings_pending')).toBe(0);
  });
  const reasons = await prometheus.query('sum by (reason) (zdenergy_rejects_total) > 0');
  expect(Object.fromEntries(reasons.map(({ labels, value }) => [labels['reason'], value]))).toEqual(
    {
      bad_measurement: 1,
      cut_off: 1,
      conflict: 1,
    },
  );
  const expected = {
    'up{job="zdenergy"}': 1,
    'sum(zdenergy_receipt_to_commit_seconds_count)': 104,
    'sum(zdenergy_gateway_readings_total{gateway="127.0.0.1"})': 104,
    'sum(zdenergy_gateway_rejects_total)': 2,
    'sum(zdenergy_connections_opened_total)': 2,
    'sum(zdenergy_connections_open)': 0,
    'zdenergy_health_status{status="ok"}': 1,
    'sum(zdenergy_worker_up)': 2,
  };
  await eventually(async () => {
    for (const [promql, value] of Object.entries(expected)) {
      expect([promql, await prometheus.value(promql)]).toEqual([promql, value]);
    }
  });
});

it('writes what promtool finds nothing wrong with', async () => {
  const checking = run('promtool', ['check', 'metrics']);
  checking.child.stdin?.end(await metrics());
  expect(await checking).toEqual({ stdout: '', stderr: '' });
});

it('has no more series with 10,000 sensors', async () => {
  await eventually(async () => expect(await metrics()).toContain('zdenergy_sensors{'));
  const before = seriesOf(await metrics());
  expect(before.length).toBeGreaterThan(80);
  expect(before.length).toBeLessThan(200);
  const { received } = (await zdenergy.stats()).ledger;
  await send(Array.from({ length: 10_000 }, (_, n) => reading(`many-${n}`, 20)).join('\n'));
  await zdenergy.settledLedger(received + 10_000);
  await eventually(async () => {
    expect(await metrics()).toContain(`zdenergy_readings_received_total ${received + 10_000}\n`);
  });
  expect(seriesOf(await metrics())).toEqual(before);
});

describe('the dashboard', () => {
  interface Panel {
    readonly title: string;
    readonly targets?: readonly { readonly expr?: string; readonly rawSql?: string }[];
  }
  let panels: readonly Panel[];

  beforeAll(async () => {
    const file = join(monitoringDirectory, 'dashboards/zdenergy.json');
    ({ panels } = JSON.parse(await readFile(file, 'utf8')) as { panels: readonly Panel[] });
  });

  const queries = (kind: 'expr' | 'rawSql'): string[] =>
    panels.flatMap(({ targets = [] }) => targets.flatMap((target) => target[kind] ?? []));

  it('is what its source makes', async () => {
    expect(await npmRun(zdenergy, 'dashboard --check')).toEqual({ code: 0, output: '' });
  });

  it('asks Prometheus what it can answer', async () => {
    // A rate knows only what came between two scrapes, and the first of them may have been late.
    await send('{');
    const asked = queries('expr').map((expr) => expr.replaceAll('$__rate_interval', '10m'));
    expect(asked.length).toBeGreaterThan(25);
    for (const promql of asked) {
      await eventually(async () => {
        expect([promql, (await prometheus.query(promql)).length]).not.toEqual([promql, 0]);
      });
    }
  });

  it('asks Postgres as somebody who can change nothing, and for long ranges the averages', async () => {
    const file = 'scripts/grafana/read-only-role.sql';
    const changed = { GRAFANA_DB_PASSWORD: rolePassword };
    // Again, as to change the password.
    for (let times = 0; times < 2; times += 1) {
      const made = await npmRun(zdenergy, `psql -q -X -f ${file}`, changed);
      expect(made).toEqual({ code: 0, output: '' });
    }
    const url = new URL(postgres.url);
    url.username = 'zdenergy_grafana';
    url.password = encodeURIComponent(rolePassword);
    const role = new Database(url.href, releases);

    // Such as no reading has.
    const averages = [101, 102, 103] as const;
    const insert = (table: string, ago: string, average: number): string => `
      INSERT INTO ${table} (sensor_id, bucket, first_time, temperature_avg, humidity_avg, lux_avg,
        readings, temperature_count, humidity_count, lux_count, irradiance_count)
      VALUES ('it''s', now() - interval '${ago}', now(), ${average}, ${average}, ${average}, 1, 1, 1, 1, 0);`;
    await postgres.database.rows(
      insert('readings_5min', '2 hours', averages[0]) +
        insert('readings_hourly', '2 hours', averages[1]) +
        // The hour has made its day, with the same averages.
        'DELETE FROM readings_daily;' +
        insert('readings_daily', '2 days', averages[2]),
    );
    const { received } = (await zdenergy.stats()).ledger;
    await send(reading("it's", 20, 7_200));
    await zdenergy.settledLedger(received + 1);
    const asked = queries('rawSql');
    expect(asked).toHaveLength(3);
    for (const [n, sql] of asked.entries()) {
      const ranges = [
        { days: 1, value: [20, 50, 1][n] },
        { days: 7, value: averages[0] },
        { days: 90, value: averages[1] },
        { days: 365, value: averages[2] },
      ];
      for (const { days, value } of ranges) {
        const rows = await role.rows(withMacros(sql, days * 86_400));
        expect(rows).toContainEqual({ time: expect.any(Date), metric: "it's", value });
        const fromOtherTables = averages.filter((average) => average !== value);
        for (const average of fromOtherTables) {
          expect(rows).not.toContainEqual(expect.objectContaining({ value: average }));
        }
      }
    }
    await expect(role.rows('DELETE FROM readings')).rejects.toThrow(/read-only|permission/);
    await expect(role.rows('SELECT * FROM rejected_readings')).rejects.toThrow('permission');
    await expect(
      role.rows('SET default_transaction_read_only = off; DELETE FROM readings'),
    ).rejects.toThrow(/read-only|permission/);
  });

  /** As Grafana fills in its macros and the variable. */
  function withMacros(sql: string, seconds: number): string {
    const to = Math.floor(Date.now() / 1_000);
    const from = to - seconds;
    return sql
      .replaceAll(
        /\$__timeFilter\((\w+)\)/g,
        (_macro, column: string) =>
          `${column} BETWEEN to_timestamp(${from}) AND to_timestamp(${to})`,
      )
      .replaceAll('$__unixEpochFrom()', String(from))
      .replaceAll('$__unixEpochTo()', String(to))
      .replaceAll('${sensor:sqlstring}', "'it''s','nobody'");
  }
});

it('comes with rules that promtool accepts, and whose tests pass', async () => {
  const inDirectory = { cwd: monitoringDirectory };
  const { stdout } = await run('promtool', ['check', 'rules', 'alerts.yml'], inDirectory);
  expect(stdout).toMatch(/SUCCESS: \d+ rules found/);
  await run('promtool', ['test', 'rules', 'alerts.test.yml'], inDirectory);
  await run('promtool', ['check', 'config', '--syntax-only', 'prometheus.yml'], inDirectory);
});

it('answers at once while Postgres is frozen, and no counter falls, whoever restarts', async () => {
  const stored = await prometheus.value('zdenergy_readings_stored_total');
  const { received } = (await zdenergy.stats()).ledger;
  postgres.freeze();
  releases.push(() => postgres.resume());
  tookMs.length = 0;
  await send(reading('frozen', 1));
  await eventually(async () => {
    const text = await metrics();
    expect(text).toContain('zdenergy_database_up 0\n');
    expect(text).toContain(`zdenergy_readings_received_total ${received + 1}\n`);
    expect(text).toContain('zdenergy_readings_pending 1\n');
  });
  expect(Math.max(...tookMs)).toBeLessThan(mostAnswerMs);
  expect(await prometheus.value('zdenergy_readings_stored_total')).toBe(stored);

  for (const name of ['ingest-1', 'api']) {
    const pid = await zdenergy.pidOf(name);
    process.kill(pid, 'SIGKILL');
    await replaced(zdenergy, name, pid);
  }
  // The journal's own copy of the ledger may be older than what was told: it is not told.
  await eventually(async () => {
    const text = await metrics();
    expect(text).toContain(`zdenergy_readings_received_total ${received + 1}\n`);
    expect(text).not.toContain('zdenergy_readings_stored_total');
  });

  postgres.resume();
  await eventually(async () => {
    expect(await prometheus.value('zdenergy_readings_stored_total')).toBe(stored + 1);
  });
  for (const key of ['received', 'stored', 'duplicates', 'rejected']) {
    expect(await prometheus.value(`resets(zdenergy_readings_${key}_total[10m])`)).toBe(0);
  }
});
