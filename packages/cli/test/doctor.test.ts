import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseSettings } from '@zdenergy/core';
import type { Examination } from '@zdenergy/storage';
import { findKeepers, judgeKeepers } from '../src/doctor/comeback.js';
import { judgeDatabase } from '../src/doctor/database.js';
import { findingLines, failure, ok, warning, worst } from '../src/doctor/finding.js';
import { judgeJobs } from '../src/doctor/jobs.js';
import { judgeDescriptors, judgeDisk, checkNode } from '../src/doctor/machine.js';
import { judgePort } from '../src/doctor/ports.js';
import { askHealth } from '../src/doctor/server.js';
import {
  judgeAlerts,
  judgeGateways,
  judgeHealth,
  judgeLedger,
  judgeTimes,
} from '../src/doctor/service.js';
import { checkSettings } from '../src/doctor/settings.js';

const examination: Examination = {
  version: '16.4',
  versionNumber: 160_004,
  encoding: 'UTF8',
  user: 'zdenergy',
  mayCreateTables: true,
  sizeBytes: 8_000_000,
  roundTripMs: 0.4,
  clockAheadMs: 3,
  migrations: { applied: 6, missing: [], edited: [], unknown: [] },
  journals: { position: 12, stored: 8, duplicates: 1, rejected: 1, skipped: 2 },
  imports: null,
  sensors: { count: 0, lastReceivedAt: null },
  jobs: [],
};
const staleAfterMs = 600_000;
const look = { kind: 'there', examination } as const;
const running = { pid: 10, owns: (pid: number) => pid === 10 || pid === 11 };

describe('findings', () => {
  it('are lines, with what to do below', () => {
    expect(findingLines('disk', [ok('fine'), warning('full', 'make room')])).toEqual([
      '✅ disk        fine',
      '⚠️ disk        full',
      '               → make room',
    ]);
  });

  it('count as the worst of them', () => {
    expect(worst([])).toBe('ok');
    expect(worst([ok(''), warning('')])).toBe('warning');
    expect(worst([failure(''), ok('')])).toBe('error');
  });
});

describe('ports', () => {
  const port = { variable: 'TCP_PORT', port: 6000 };
  const judge = (isHeld: boolean, pids: number[], isUp: boolean): string => {
    const found = judgePort(port, { isHeld, pids }, isUp ? running : undefined, () => 'nginx: x');
    return `${found.level}: ${found.text}`;
  };

  it.each([
    [false, [], false, 'ok: TCP_PORT 6000 is free'],
    [false, [], true, 'error: nobody listens on TCP_PORT 6000'],
    [true, [11], true, 'ok: TCP_PORT 6000 is held by this zdenergy (process 10)'],
    [true, [99], true, 'error: TCP_PORT 6000 is held by process 99: nginx: x'],
    [true, [99], false, 'error: TCP_PORT 6000 is held by process 99: nginx: x'],
    [true, [], false, 'error: TCP_PORT 6000 is held by a process of another user'],
    [true, [], true, 'warning: TCP_PORT 6000 is held, by whom this user may not see'],
  ])('held %s by %j, zdenergy up %s', (isHeld, pids, isUp, expected) => {
    expect(judge(isHeld, pids, isUp)).toContain(expected);
  });
});

describe('the machine', () => {
  it.each([
    ['20.14.0', 'error'],
    ['20.15.0', 'ok'],
    ['24.1.0', 'ok'],
  ])('Node.js %s: %s', (version, level) => {
    expect(checkNode(version).level).toBe(level);
  });

  it.each([
    [500e9, 1_000e9, undefined, 'ok'],
    [60e9, 1_000e9, undefined, 'warning'],
    [0.4e9, 1_000e9, undefined, 'error'],
    [0.4e9, 1_000e9, 0, 'warning'],
    [4e9, 10e9, 5e9, 'error'],
  ])('%d of %d bytes free with a reserve of %s: %s', (free, total, reserve, level) => {
    expect(judgeDisk('/data', free, total, reserve).level).toBe(level);
  });

  it.each([
    ['1024', '1048576', true, 'warning'],
    ['1024', '1048576', false, 'ok'],
    ['1048576', '1048576', true, 'ok'],
    ['unlimited', 'unlimited', true, 'ok'],
  ])('limit %s of at most %s, running %s: %s', (soft, hard, isRunning, level) => {
    const limits = `Limit  Soft Limit  Hard Limit  Units\nMax open files   ${soft}   ${hard}   files\n`;
    expect(judgeDescriptors(limits, 10_000, isRunning).level).toBe(level);
  });
});

describe('the database', () => {
  const judge = (changed: Partial<Examination>): string[] =>
    judgeDatabase(
      { kind: 'there', examination: { ...examination, ...changed } },
      { databaseUrl: 'postgres://x' },
      true,
    )
      .filter(({ level }) => level !== 'ok')
      .map(({ level, text }) => `${level}: ${text}`);

  it.each([
    [{}, []],
    [{ versionNumber: 130_001, version: '13.1' }, ['error: Postgres 13.1 is too old']],
    [{ encoding: 'SQL_ASCII' }, ['error: its encoding is SQL_ASCII']],
    [{ mayCreateTables: false }, ['error: user zdenergy may not create tables']],
    [{ roundTripMs: 250 }, ['warning: it answers in 250.0 ms']],
    [{ clockAheadMs: -61_000 }, ['warning: its clock is 1 min 1 s behind ours']],
    [
      { migrations: { applied: 5, missing: ['0009_x.sql'], edited: ['0001_y.sql'], unknown: [] } },
      [
        'error: changed after they were applied: 0001_y.sql',
        'warning: not applied yet: 0009_x.sql',
      ],
    ],
  ])('with %j: %j', (changed, expected) => {
    expect(judge(changed)).toEqual(expected);
  });

  it('is no fault of its own when zdenergy does not run', () => {
    const away = { kind: 'away', problem: 'refused' } as const;
    expect(judgeDatabase(away, { databaseUrl: undefined }, false)[0].level).toBe('warning');
    expect(judgeDatabase(away, { databaseUrl: undefined }, true)[0].level).toBe('error');
    expect(judgeDatabase(away, { databaseUrl: 'postgres://x' }, false)[0].level).toBe('error');
  });
});

describe('the service', () => {
  const ledger = { received: 10, stored: 8, duplicates: 1, rejected: 1, pending: 0 };
  const verdict = {
    ...{ findings: [], notices: [], position: 12, end: 15, items: 3, jumps: 1 },
    ...{ pending: 3, pendingSinceMs: 0 },
  };

  it('has a ledger that balances, or says that it does not', () => {
    expect(judgeLedger(ledger, look, undefined)).toMatchObject([{ level: 'ok' }]);
    expect(judgeLedger({ ...ledger, stored: 7 }, look, undefined)[0].level).toBe('error');
    expect(judgeLedger(undefined, look, [verdict])[0]).toEqual(
      ok(
        '13 received = 8 stored + 1 duplicate + 1 rejected + 3 pending (by the database and the journal)',
      ),
    );
    const lost = { ...verdict, findings: [{ kind: 'lost', range: { from: 12, to: 14 } }] } as const;
    expect(judgeLedger(undefined, look, [lost])[0].level).toBe('error');
    expect(judgeLedger(undefined, { kind: 'away', problem: '' }, [verdict])[0].level).toBe(
      'warning',
    );
  });

  it('names sensors that are silent, and clocks that are off', () => {
    const sensor = {
      received_at: '2025-10-02T12:00:00Z',
      status: 'silent',
      clock_hint: null,
    } as const;
    const sensors = Array.from({ length: 7 }, (_, n) => ({ ...sensor, sensor_id: `S${n}` }));
    const counts = { online: 0, late: 0, silent: 7 };
    const oneHourLater = Date.UTC(2025, 9, 2, 13);
    const [found] = judgeGateways({ sensors, counts }, undefined, look, oneHourLater, staleAfterMs);
    expect(found.text).toContain('7 silent; the last reading 1 h ago');
    expect(found).toMatchObject({
      todo: expect.arrayContaining([
        expect.stringContaining('look after S0, S1, S2, S3, S4 and 2 more'),
      ]),
    });
    const none = { sensors: [], counts: { online: 0, late: 0, silent: 0 } };
    const [first] = judgeGateways(none, undefined, look, 0, staleAfterMs);
    expect(first.text).toBe('no reading was ever stored');

    const zones = { sensorTimeZone: 'UTC', displayTimeZone: 'Europe/Berlin' };
    expect(judgeTimes(zones, { sensors, counts })).toHaveLength(1);
    const hinted = { ...sensor, sensor_id: 'S9', clock_hint: 'Set SENSOR_TIMEZONE' };
    expect(judgeTimes(zones, { sensors: [...sensors, hinted], counts })[1]).toEqual(
      warning('the clocks of S9 are off', 'Set SENSOR_TIMEZONE'),
    );
  });

  it('judges the age of the last reading where it may not ask for the sensors', () => {
    const lastReceivedAt = new Date('2025-10-02T12:00:00Z');
    const known = { ...examination, sensors: { count: 3, lastReceivedAt } };
    const judge = (minutesLater: number): string[] =>
      judgeGateways(
        undefined,
        undefined,
        { kind: 'there', examination: known },
        lastReceivedAt.getTime() + minutesLater * 60_000,
        staleAfterMs,
      ).map(({ level, text }) => `${level}: ${text}`);
    expect(judge(9)).toEqual(['ok: 3 sensors, the last reading 9 min ago (2025-10-02 12:00:00Z)']);
    expect(judge(4_320)).toEqual([expect.stringMatching(/^warning: 3 sensors, .* 3 d ago/)]);
  });

  it('says why, also before the supervisor has said anything', async () => {
    const body = {
      status: 'error',
      tcp_server: { last_activity: null, seconds_since_activity: null },
      reasons: ['The supervisor has not yet said how the TCP server is.'],
    };
    const server = createServer((_, response) => {
      response.writeHead(503).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const settings = parseSettings({ HTTP_HOST: '127.0.0.1', HTTP_PORT: String(port) });
    const health = await askHealth(settings);
    server.close();
    expect(judgeHealth(health, running, settings)).toEqual([
      failure('zdenergy runs, and reports an error', body.reasons[0]),
    ]);
    const value = health.kind === 'answer' ? health.value : undefined;
    expect(judgeGateways(undefined, value, look, 0, staleAfterMs)).toHaveLength(1);
  });

  it('knows how the jobs ended, and those that have not run for two days', () => {
    const nowMs = Date.UTC(2025, 9, 4);
    const run = (job: string, hoursAgo: number, outcome: 'running' | 'done' | 'failed') => ({
      ...{ job, outcome, detail: 'there is no directory' },
      startedAt: new Date(nowMs - hoursAgo * 3_600_000),
    });
    const judge = (jobs: Examination['jobs'], retentionDays = 0): string[] =>
      judgeJobs(
        { kind: 'there', examination: { ...examination, jobs } },
        { retentionDays, dailyExportDir: '/days' },
        nowMs,
      ).map(({ level, text }) => `${level}: ${text}`);
    expect(judge(null)).toEqual([expect.stringMatching(/^ok: none has run yet/)]);
    expect(judge([run('partitions', 47, 'done'), run('statistics', 1, 'running')])).toEqual([
      'ok: partitions ran 1 d 23 h ago (2025-10-02 01:00:00Z), ' +
        'statistics runs, since 1 h ago (2025-10-03 23:00:00Z)',
    ]);
    const bad = [
      run('daily-export', 1, 'failed'),
      run('partitions', 48, 'done'),
      run('retention', 400, 'done'),
      run('statistics', 49, 'running'),
    ];
    expect(judge(bad)).toEqual([
      expect.stringMatching(/^warning: daily-export failed 1 h ago .*: there is no directory$/),
      expect.stringMatching(/^warning: partitions ran last 2 d ago/),
      expect.stringMatching(/^warning: statistics began 2 d 1 h ago .*, and has not ended$/),
    ]);
    expect(judge(bad, 90)).toHaveLength(4);
  });

  it('knows alerts by the names of their settings', () => {
    expect(judgeAlerts({})[0].level).toBe('warning');
    expect(judgeAlerts({ SMTP_URL: 'smtp://x' })[0].level).toBe('error');
    expect(judgeAlerts({ SMTP_URL: 'smtp://x', ALERT_EMAIL_TO: 'a@b' })).toEqual([
      ok('somebody is told when something is wrong, by mail'),
    ]);
  });
});

describe('settings', () => {
  it('names all wrong ones, goes on with the others, and shows no secret', async () => {
    const environment = { TCP_PORT: 'abc', ADMIN_PASSWORD: 'short', HTTP_PORT: '5001' };
    const { findings, settings } = await checkSettings(environment, '/nowhere', undefined);
    expect(findings.map(({ text }) => text)).toEqual([
      expect.stringContaining('TCP_PORT="abc"'),
      expect.stringContaining('ADMIN_PASSWORD=(not shown)'),
      expect.stringContaining('there is no .env'),
    ]);
    expect(settings).toMatchObject({ tcpPort: 6000, httpPort: 5001, adminPassword: undefined });
    const same = await checkSettings({ TCP_PORT: '5000' }, '/nowhere', undefined);
    expect(same.settings).toBeUndefined();
    expect(parseSettings({}).tcpPort).toBe(6000);
  });
});

describe('coming back after a reboot', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'zdenergy-doctor-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  const put = async (path: string, text = ''): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const judge = async (underPm2 = false): Promise<string[]> => {
    const keepers = await findKeepers({ root, pm2Home: join(root, 'home/.pm2') });
    return judgeKeepers(keepers, underPm2).map(({ level, text }) => `${level}: ${text}`);
  };

  it('needs somebody to start it', async () => {
    expect(await judge()).toEqual(['warning: nothing starts zdenergy again after a reboot']);
    await put('.dockerenv');
    expect(await judge()).toEqual([expect.stringContaining('ok: it runs in a container')]);
  });

  it('is kept by PM2 when that is saved, starts at boot and rotates logs', async () => {
    await put('home/.pm2/pm2.log');
    expect(await judge(true)).toEqual([
      expect.stringContaining('warning: PM2 forgets zdenergy'),
      expect.stringContaining('warning: PM2 itself does not start at boot'),
      expect.stringContaining("warning: PM2's logs grow"),
    ]);
    await put('home/.pm2/dump.pm2', '[{"name":"zdenergy"}]');
    await put('etc/systemd/system/pm2-zoe.service');
    await put('etc/systemd/system/multi-user.target.wants/pm2-zoe.service');
    await put('home/.pm2/modules/pm2-logrotate/package.json');
    expect(await judge(true)).toEqual([expect.stringContaining('ok: PM2 runs it')]);
    expect(await judge(false)).toEqual(['warning: PM2 knows zdenergy, but does not run it now']);
  });

  it('is kept by systemd when its unit is enabled', async () => {
    await put('etc/systemd/system/zdenergy.service');
    expect(await judge()).toEqual([expect.stringContaining('but does not start it at boot')]);
    await put('etc/systemd/system/multi-user.target.wants/zdenergy.service');
    expect(await judge()).toEqual(['ok: systemd starts it at boot (zdenergy.service)']);
  });
});
