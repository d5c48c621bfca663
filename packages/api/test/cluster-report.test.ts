import { nextReport } from '../src/cluster-report.js';
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
