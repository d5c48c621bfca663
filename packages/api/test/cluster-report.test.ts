import { incompleteMs, nextReport } from '../src/cluster-report.js';
import { clusterState, ingestSnapshot, tcpWorker } from './cluster.js';

const idle = (idleMs: number) => ingestSnapshot({ idleMs });

describe('the last activity', () => {
  it('is unknown until a TCP worker has reported', () => {
    const state = clusterState([tcpWorker({ ingest: null })]);
    expect(nextReport(null, state, 5_000).activityAtMs).toBeNull();
  });

  it('is as old as the worker said, and as that heartbeat is', () => {
    const state = clusterState([tcpWorker({ heartbeatAgeMs: 300, ingest: idle(1_000) })]);
    expect(nextReport(null, state, 5_000).activityAtMs).toBe(3_700);
  });

  it('is that of the least idle worker', () => {
    const state = clusterState([
      tcpWorker({ heartbeatAgeMs: 0, ingest: idle(4_000) }),
      tcpWorker({ heartbeatAgeMs: 0, ingest: idle(1_000) }),
    ]);
    expect(nextReport(null, state, 5_000).activityAtMs).toBe(4_000);
  });

  it('stands still while the only worker restarts, and moves on afterwards', () => {
    const serving = clusterState([tcpWorker({ heartbeatAgeMs: 0, ingest: idle(1_000) })]);
    const down = clusterState([
      tcpWorker({
        status: 'restarting',
        pid: null,
        uptimeMs: 0,
        heartbeatAgeMs: null,
        ingest: idle(1_000),
      }),
    ]);
    const back = clusterState([tcpWorker({ heartbeatAgeMs: 0, ingest: idle(10) })]);

    const first = nextReport(null, serving, 5_000);
    const second = nextReport(first, down, 25_000);
    const third = nextReport(second, back, 30_000);
    expect([first, second, third].map((report) => report.activityAtMs)).toEqual([
      4_000, 4_000, 29_990,
    ]);
  });
});

describe('how long ago everything received was stored', () => {
  const pending = (oldestPendingMs: number) =>
    ingestSnapshot({
      ledger: { ...ingestSnapshot().ledger, pending: oldestPendingMs === 0 ? 0 : 1 },
      journal: { ...ingestSnapshot().journal, oldestPendingMs },
    });
  const report = (...workers: Parameters<typeof tcpWorker>[0][]) =>
    nextReport(null, clusterState(workers.map((worker) => tcpWorker(worker))), 5_000);

  it('is unknown while no TCP worker serves', () => {
    expect(incompleteMs(null, 5_000)).toBeNull();
    expect(incompleteMs(report({ ingest: null }), 5_000)).toBeNull();
    expect(incompleteMs(report({ status: 'restarting', pid: null }), 5_000)).toBeNull();
    // A report that is too old: the worker, or the supervisor, hangs.
    expect(incompleteMs(report({ heartbeatAgeMs: 0 }), 20_000)).toBeNull();
  });

  it('is when the worker last said that nothing is pending', () => {
    expect(incompleteMs(report({ heartbeatAgeMs: 300, ingest: pending(0) }), 5_200)).toBe(500);
  });

  it('is before its oldest pending reading', () => {
    expect(incompleteMs(report({ heartbeatAgeMs: 300, ingest: pending(9_000) }), 5_200)).toBe(
      9_500,
    );
  });

  it('is before the oldest reading that still waits for the disk', () => {
    const { journal } = ingestSnapshot();
    const unsynced = ingestSnapshot({ journal: { ...journal, unsyncedMs: 7_000 } });
    expect(incompleteMs(report({ heartbeatAgeMs: 300, ingest: unsynced }), 5_200)).toBe(7_500);
  });

  it('is unknown while one of several workers is down, which may hold readings', () => {
    const down = { status: 'restarting', pid: null } as const;
    expect(incompleteMs(report({ ingest: pending(0) }, down), 5_000)).toBeNull();
  });

  it('is that of the worker furthest behind', () => {
    const workers = [{ ingest: pending(200) }, { ingest: pending(60_000) }, { ingest: pending(0) }];
    expect(incompleteMs(report(...workers), 5_000)).toBe(60_500);
  });
});
