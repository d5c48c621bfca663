import { gatewaysSeen, withReport, type GatewayReports } from '../src/gateway-reports.js';
import { tcpWorker } from './cluster.js';

const gateway = (address: string, idleMs: number, open = 1) => ({
  address,
  open,
  opened: 2,
  idleMs,
  bytes: 100,
  readings: 10,
  rejected: 1,
});

function reports(...workers: [worker: string, pid: number, total: number, object[]][]) {
  return workers.reduce<GatewayReports>(
    (before, [worker, pid, total, newest]) =>
      withReport(before, { worker, pid, report: { total, newest: newest as never } }, 1_000),
    new Map(),
  );
}

const workers = [tcpWorker(), tcpWorker({ name: 'ingest-2', pid: 4_003 })];

describe('gatewaysSeen', () => {
  it('merges the workers by address, the gateway seen last first', () => {
    const seen = gatewaysSeen(
      reports(
        ['ingest-1', 4_001, 2, [gateway('a', 5_000), gateway('b', 9_000)]],
        ['ingest-2', 4_003, 2, [gateway('c', 7_000), gateway('b', 1_000, 3)]],
      ),
      workers,
      3_500,
    );
    const counts = { opened: 2, bytes: 100, readings: 10, rejected: 1 };
    expect(seen).toEqual({
      gateways: [
        {
          address: 'b',
          open: 4,
          opened: 4,
          last_seen_seconds: 3,
          bytes: 200,
          readings: 20,
          rejected: 2,
        },
        { address: 'a', open: 1, last_seen_seconds: 7, ...counts },
        { address: 'c', open: 1, last_seen_seconds: 9, ...counts },
      ],
      gateways_total: 3,
    });
  });

  it('knows the latest report of each worker only', () => {
    const seen = gatewaysSeen(
      reports(['ingest-1', 4_001, 2, [gateway('a', 0)]], ['ingest-1', 4_001, 1, []]),
      workers,
      1_000,
    );
    expect(seen).toEqual({ gateways: [], gateways_total: 1 });
  });

  it.each([
    ['another process', tcpWorker({ pid: 4_009 })],
    ['no process', tcpWorker({ pid: null })],
  ])('counts no connection as open once the worker has %s', (_what, worker) => {
    const old = reports(['ingest-1', 4_001, 1, [gateway('a', 0)]]);
    expect(gatewaysSeen(old, [worker], 1_000).gateways).toMatchObject([{ open: 0, opened: 2 }]);
  });

  it('shows 200 at most', () => {
    const many = Array.from({ length: 150 }, (_, n) => gateway(`a${n}`, n * 1_000));
    const others = Array.from({ length: 150 }, (_, n) => gateway(`b${n}`, n * 1_000));
    const seen = gatewaysSeen(
      reports(['ingest-1', 4_001, 150, many], ['ingest-2', 4_003, 150, others]),
      workers,
      1_000,
    );
    expect(seen.gateways).toHaveLength(200);
    expect(Math.max(...seen.gateways.map((one) => one.last_seen_seconds))).toBe(99);
    expect(seen.gateways_total).toBe(300);
  });
});
