import type { IngestSnapshot, WorkerState } from '@zdenergy/core';
import { nextReport } from '../src/cluster-report.js';
import { healthReport, type HealthInput, type HealthReport } from '../src/health.js';
import { apiWorkerState, clusterState, ingestSnapshot, tcpWorker } from './cluster.js';

/** The report came 500 ms ago, so with a heartbeat 500 ms older its ages are one second more. */
const reportedAtMs = 1_000_000;
const now = { monotonicMs: reportedAtMs + 500, wallMs: Date.UTC(2025, 0, 21, 12, 35, 1, 700) };
const well = { connected: true, problem: null } as const;

function healthOf(
  workers?: WorkerState[],
  changes: Partial<HealthInput> = {},
  uptimeMs?: number,
): HealthReport {
  const input: HealthInput = {
    cluster: nextReport(null, clusterState(workers, uptimeMs), reportedAtMs),
    database: well,
    memoryReadings: 1_000,
    staleAfterMs: 600_000,
    version: '0.1.0',
    ...changes,
  };
  return healthReport(input, now);
}

const withSnapshot = (changes: Partial<IngestSnapshot>): WorkerState[] => [
  tcpWorker({ ingest: ingestSnapshot(changes) }),
];
const withJournal = (changes: Partial<IngestSnapshot['journal']>): WorkerState[] =>
  withSnapshot({ journal: { ...ingestSnapshot().journal, ...changes } });

describe('a healthy system', () => {
  it('answers 200 with the fields in their order and times to the second', () => {
    const { statusCode, body } = healthOf();
    expect(statusCode).toBe(200);
    expect(JSON.stringify(body)).toBe(
      '{"status":"ok","tcp_server":{"started":true,"thread_alive":true,' +
        '"last_activity":"2025-01-21T12:34:56Z","seconds_since_activity":5},' +
        '"database":{"connected":true},"memory_readings_count":1000,' +
        '"timestamp":"2025-01-21T12:35:01Z","reasons":[],' +
        '"journal":{"writable":true,"bytes":5000,"pending_readings":5,"oldest_pending_seconds":1,' +
        '"disk_free_bytes":50000,"disk_total_bytes":100000},' +
        '"workers":[{"name":"ingest-1","status":"ready","restarts":0,"uptime_seconds":120},' +
        '{"name":"api","status":"ready","restarts":0,"uptime_seconds":120}],' +
        '"uptime_seconds":121,"version":"0.1.0"}',
    );
  });

  it('counts activity on any of several TCP workers, and the journals of all', () => {
    const workers = [
      tcpWorker({ ingest: ingestSnapshot({ idleMs: 700_000 }) }),
      tcpWorker({ name: 'ingest-2', ingest: ingestSnapshot({ idleMs: 1_000 }) }),
    ];
    const { body } = healthOf(workers);
    expect(body.status).toBe('ok');
    expect(body.tcp_server.seconds_since_activity).toBe(2);
    expect(body.journal).toMatchObject({ bytes: 10_000, pending_readings: 10 });
  });
});

describe('status', () => {
  const rows: [what: string, status: string, reason: RegExp | null, report: () => HealthReport][] =
    [
      ['just before stale', 'ok', null, () => healthOf(withSnapshot({ idleMs: 598_999 }))],
      [
        'stale, with gateways that say nothing',
        'warning',
        /No gateway has connected or sent anything for 10 min\. 2 are still connected\. Check/,
        () => healthOf(withSnapshot({ idleMs: 599_000 })),
      ],
      [
        'stale, without gateways',
        'warning',
        /No gateway has connected or sent anything for 10 min\. None is connected\. Check/,
        () => healthOf([tcpWorker({ pid: null, ingest: ingestSnapshot({ idleMs: 599_000 }) })]),
      ],
      [
        'the database away, says the probe',
        'warning',
        /database is away: Postgres is stopped\. Readings wait in the journal/,
        () =>
          healthOf(undefined, { database: { connected: false, problem: 'Postgres is stopped.' } }),
      ],
      [
        'the database away, says a TCP worker',
        'warning',
        /database is away: No route\. Readings/,
        () => healthOf(withSnapshot({ database: { connected: false, problem: 'No route' } })),
      ],
      [
        'the probe has no answer yet, a TCP worker has',
        'ok',
        null,
        () => healthOf(undefined, { database: { connected: null, problem: null } }),
      ],
      ['pending for 60 s', 'ok', null, () => healthOf(withJournal({ oldestPendingMs: 59_000 }))],
      [
        'pending for longer',
        'warning',
        /Readings have waited 1 min to be stored/,
        () => healthOf(withJournal({ oldestPendingMs: 59_001 })),
      ],
      [
        'nothing pending, whatever waited before',
        'ok',
        null,
        () =>
          healthOf([
            tcpWorker({
              ingest: ingestSnapshot({
                ledger: { received: 1, stored: 1, duplicates: 0, rejected: 0, pending: 0 },
                journal: { ...ingestSnapshot().journal, oldestPendingMs: 90_000 },
              }),
            }),
          ]),
      ],
      ['10 % of the disk free', 'ok', null, () => healthOf(withJournal({ diskFreeBytes: 10_000 }))],
      [
        'less of the disk free',
        'warning',
        /Only 9\.9 % of the disk/,
        () => healthOf(withJournal({ diskFreeBytes: 9_999 })),
      ],
      [
        'five restarts in five minutes',
        'ok',
        null,
        () => healthOf([tcpWorker(), apiWorkerState({ recentRestarts: 5 })]),
      ],
      [
        'more restarts, of any worker',
        'warning',
        /api was restarted 6 times in 5 minutes/,
        () => healthOf([tcpWorker(), apiWorkerState({ recentRestarts: 6 })]),
      ],
      [
        'the journal cannot be written',
        'error',
        /journal cannot be written, so readings are at risk: The disk is full\.$/,
        () => healthOf(withJournal({ problem: 'The disk is full.' })),
      ],
      [
        'the journal cannot be read',
        'error',
        /Readings cannot be stored and are at risk: The disk is broken\.$/,
        () => healthOf(withJournal({ readProblem: 'The disk is broken' })),
      ],
      ['a heartbeat 10 s ago', 'ok', null, () => healthOf([tcpWorker({ heartbeatAgeMs: 9_500 })])],
      [
        'no heartbeat for longer',
        'error',
        /ingest-1 hangs: no sign of life for 10 s/,
        () => healthOf([tcpWorker({ heartbeatAgeMs: 9_501 })]),
      ],
      [
        'hung, says the supervisor',
        'error',
        /ingest-1 hangs: no sign of life for 12 s/,
        () => healthOf([tcpWorker({ status: 'hung', heartbeatAgeMs: 11_500 })]),
      ],
      [
        'down',
        'error',
        /ingest-1 is down and will be started again: it was ended by SIGKILL\.$/,
        () =>
          healthOf([
            tcpWorker({
              status: 'restarting',
              pid: null,
              uptimeMs: 0,
              heartbeatAgeMs: null,
              problem: 'it was ended by SIGKILL',
            }),
          ]),
      ],
      [
        'one of two down',
        'error',
        /ingest-2 is down/,
        () => healthOf([tcpWorker(), tcpWorker({ name: 'ingest-2', status: 'restarting' })]),
      ],
      [
        'starting again',
        'error',
        /ingest-1 is starting, for 2 s so far\.$/,
        () => healthOf([tcpWorker({ status: 'starting', restarts: 1, uptimeMs: 1_500 })]),
      ],
      [
        'stopping',
        'error',
        /ingest-1 is stopping\.$/,
        () => healthOf([tcpWorker({ status: 'stopping' })]),
      ],
      [
        'the first start',
        'error',
        /^The TCP server is still starting\.$/,
        () => healthOf([tcpWorker({ status: 'starting', ingest: null })], {}, 29_500),
      ],
      [
        'the first start, held up by something',
        'error',
        /^The TCP server is still starting: The journal is locked\.$/,
        () =>
          healthOf(
            [tcpWorker({ status: 'starting', ingest: null, problem: 'The journal is locked.' })],
            {},
            1_000,
          ),
      ],
      [
        'a first start beyond the time for it',
        'error',
        /ingest-1 is starting, for 30 s so far/,
        () =>
          healthOf([tcpWorker({ status: 'starting', ingest: null, uptimeMs: 29_501 })], {}, 29_501),
      ],
      [
        'ready, but without a first report',
        'error',
        /The TCP server is still starting/,
        () => healthOf([tcpWorker({ ingest: null, heartbeatAgeMs: null })], {}, 1_000),
      ],
      [
        'no TCP worker at all',
        'error',
        /There is no TCP worker/,
        () => healthOf([apiWorkerState()]),
      ],
      [
        'nothing from the supervisor yet',
        'error',
        /supervisor has not yet said/,
        () => healthOf(undefined, { cluster: null }),
      ],
      [
        'the supervisor reported 5 s ago',
        'ok',
        null,
        () =>
          healthOf(undefined, { cluster: nextReport(null, clusterState(), reportedAtMs - 4_500) }),
      ],
      [
        'the supervisor silent for longer',
        'error',
        /supervisor has not reported for 5 s/,
        () =>
          healthOf(undefined, { cluster: nextReport(null, clusterState(), reportedAtMs - 4_501) }),
      ],
    ];

  it.each(rows)('%s: %s', (_what, status, reason, report) => {
    const { statusCode, body } = report();
    expect(body.status).toBe(status);
    expect(statusCode).toBe(status === 'ok' ? 200 : 503);
    expect(body.reasons).toEqual(reason === null ? [] : [expect.stringMatching(reason)]);
  });
});

describe('reasons', () => {
  it('list everything that is wrong, the worst first', () => {
    const journal = {
      problem: 'The disk is full',
      readProblem: null,
      bytes: 1,
      oldestPendingMs: 120_000,
      unsyncedMs: 0,
      diskFreeBytes: 0,
      diskTotalBytes: 100,
    };
    const workers = [
      tcpWorker({
        status: 'hung',
        recentRestarts: 7,
        ingest: ingestSnapshot({ idleMs: 900_000, journal }),
      }),
    ];
    const { body } = healthOf(workers, {
      database: { connected: false, problem: 'It refuses.' },
      cluster: nextReport(null, clusterState(workers), reportedAtMs - 6_000),
    });
    expect(body.status).toBe('error');
    expect(body.reasons).toEqual([
      expect.stringMatching(/^The supervisor/),
      expect.stringMatching(/^TCP worker ingest-1 hangs/),
      expect.stringMatching(/^The journal/),
      expect.stringMatching(/^The database/),
      expect.stringMatching(/^Readings have waited/),
      expect.stringMatching(/^Only 0 %/),
      expect.stringMatching(/^No gateway/),
      expect.stringMatching(/^ingest-1 was restarted 7 times/),
    ]);
  });

  it('show no password', () => {
    const problem = 'cannot reach postgres://zdenergy:geheim@db/zdenergy';
    const { body } = healthOf(undefined, { database: { connected: false, problem } });
    expect(JSON.stringify(body)).not.toContain('geheim');
  });
});

describe('before anything is known', () => {
  it('says so, with null where a figure would be a guess', () => {
    const { body } = healthOf(undefined, {
      cluster: null,
      database: { connected: null, problem: null },
    });
    expect(body).toMatchObject({
      status: 'error',
      tcp_server: {
        started: false,
        thread_alive: false,
        last_activity: null,
        seconds_since_activity: null,
      },
      database: { connected: false },
      journal: null,
      workers: [],
      uptime_seconds: null,
    });
  });
});

describe('what a TCP worker that is down said of the database', () => {
  it('is not believed any more', () => {
    const down = tcpWorker({
      status: 'restarting',
      ingest: ingestSnapshot({ database: { connected: false, problem: 'long ago' } }),
    });
    const { body } = healthOf([down]);
    expect(body.database.connected).toBe(true);
    expect(body.reasons).toHaveLength(1);
  });
});

describe('the wall clock', () => {
  it('changes what is shown, and no age', () => {
    const cluster = nextReport(null, clusterState(), reportedAtMs);
    const input: HealthInput = {
      cluster,
      database: well,
      memoryReadings: 0,
      staleAfterMs: 600_000,
      version: '0.1.0',
    };
    const { body } = healthReport(input, { ...now, wallMs: now.wallMs + 3_600_000 });
    expect(body.status).toBe('ok');
    expect(body.tcp_server.seconds_since_activity).toBe(5);
    expect(body.timestamp).toBe('2025-01-21T13:35:01Z');
  });
});
