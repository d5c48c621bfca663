import { nextReport } from '../src/cluster-report.js';
import { withReport } from '../src/gateway-reports.js';
import { statsReport } from '../src/stats.js';
import { apiWorkerState, clusterState, ingestSnapshot, perHour, tcpWorker } from './cluster.js';

describe('statsReport', () => {
  it('names every worker, sums the TCP workers, and brings uptimes up to now', () => {
    const state = clusterState([
      tcpWorker(),
      tcpWorker({ name: 'ingest-2', pid: 4_003, restarts: 2, status: 'hung' }),
      apiWorkerState(),
      tcpWorker({ name: 'postgres', role: 'postgres', pid: 4_004, ingest: null }),
    ]);
    const seen = { worker: 'ingest-1', pid: 4_001, report: { total: 7, newest: [] } };
    const gateways = withReport(new Map(), seen, 1_000);
    expect(statsReport(nextReport(null, state, 1_000), gateways, 2_500)).toEqual({
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
        per_hour: perHour(8, 6),
        gateways: [],
        gateways_total: 7,
      },
      ledger: { received: 200, stored: 160, duplicates: 10, rejected: 20, pending: 10 },
    });
  });

  it('keeps what a restarting worker counted, but not its connections', () => {
    const down = tcpWorker({ pid: null, status: 'restarting', uptimeMs: 0 });
    const stats = statsReport(nextReport(null, clusterState([down]), 0), new Map(), 900);
    expect(stats.workers).toEqual([
      { name: 'ingest-1', pid: null, alive: false, restarts: 0, uptime_seconds: 0 },
    ]);
    expect(stats.tcp).toMatchObject({ open: 0, opened: 10, per_hour: perHour(4, 3) });
    expect(stats.ledger).toEqual(ingestSnapshot().ledger);
  });

  it('claims nothing before the first report', () => {
    expect(statsReport(null, new Map(), 5_000)).toEqual({ workers: [], tcp: null, ledger: null });
  });
});
