import { nextReport } from '../src/cluster-report.js';
import { statsReport } from '../src/stats.js';
import { apiWorkerState, clusterState, ingestSnapshot, tcpWorker } from './cluster.js';

describe('statsReport', () => {
  it('names every worker, sums the TCP workers, and brings uptimes up to now', () => {
    const state = clusterState([
      tcpWorker(),
      tcpWorker({ name: 'ingest-2', pid: 4_003, restarts: 2, status: 'hung' }),
      apiWorkerState(),
      tcpWorker({ name: 'postgres', role: 'postgres', pid: 4_004, ingest: null }),
    ]);
    expect(statsReport(nextReport(null, state, 1_000), 2_500)).toEqual({
      workers: [
        { name: 'ingest-1', pid: 4_001, alive: true, restarts: 0, uptime_seconds: 121 },
        { name: 'ingest-2', pid: 4_003, alive: false, restarts: 2, uptime_seconds: 121 },
        { name: 'api', pid: 4_002, alive: true, restarts: 0, uptime_seconds: 121 },
        { name: 'postgres', pid: 4_004, alive: true, restarts: 0, uptime_seconds: 121 },
      ],
      tcp: {
        open: 4,
        opened: 20,
        closed: 16,
        refused: 2,
        timed_out: 6,
        bytes_received: 2_000,
        readings: 180,
        rejected: 20,
        times_replaced: 10,
        noise_bytes: 14,
      },
      ledger: { received: 200, stored: 160, duplicates: 10, rejected: 20, pending: 10 },
    });
  });

  it('keeps what a restarting worker counted, but not its connections', () => {
    const down = tcpWorker({ pid: null, status: 'restarting', uptimeMs: 0 });
    const stats = statsReport(nextReport(null, clusterState([down]), 0), 900);
    expect(stats.workers).toEqual([
      { name: 'ingest-1', pid: null, alive: false, restarts: 0, uptime_seconds: 0 },
    ]);
    expect(stats.tcp).toMatchObject({ open: 0, opened: 10 });
    expect(stats.ledger).toEqual(ingestSnapshot().ledger);
  });

  it('claims nothing before the first report', () => {
    expect(statsReport(null, 5_000)).toEqual({ workers: [], tcp: null, ledger: null });
  });
});
