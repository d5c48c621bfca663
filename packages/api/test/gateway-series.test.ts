import { GatewaySeries } from '../src/gateway-series.js';
import { tcpWorker } from './cluster.js';

const gateway = (n: number, readings = 0, idleMs = 0) => ({
  address: `10.0.${n >> 8}.${n & 255}`,
  open: 1,
  opened: 2,
  idleMs,
  bytes: 100 * readings,
  readings,
  rejected: 0,
});

/** What a worker says of the gateways from one number up to before another. */
const message = (
  from: number,
  to: number,
  { worker = 'ingest-1', pid = 4_001, readings = 0 } = {},
) => ({
  worker,
  pid,
  report: {
    total: to,
    newest: Array.from({ length: to - from }, (_, n) => gateway(from + n, readings)),
  },
});

const workers = [tcpWorker(), tcpWorker({ name: 'ingest-2', pid: 4_002 })];
const addresses = (series: GatewaySeries, nowMs: number): string[] =>
  series.list(workers, nowMs).map(({ address }) => address);

describe('GatewaySeries', () => {
  it('tells what was told last, with ages brought up to now', () => {
    const series = new GatewaySeries();
    series.take(message(0, 1, { readings: 5 }), 0);
    series.take(message(0, 1, { readings: 7 }), 1_000);
    expect(series.list(workers, 3_500)).toEqual([
      { ...gateway(0, 7), worker: 'ingest-1', idleMs: 2_500 },
    ]);
  });

  it('keeps the workers apart, each of which counts for itself', () => {
    const series = new GatewaySeries();
    series.take(message(0, 1, { readings: 5 }), 0);
    series.take(message(0, 1, { readings: 3, worker: 'ingest-2', pid: 4_002 }), 0);
    expect(series.list(workers, 0).map(({ worker, readings }) => [worker, readings])).toEqual([
      ['ingest-1', 5],
      ['ingest-2', 3],
    ]);
  });

  it('gives 200 a place, who keep it however many others come', () => {
    const series = new GatewaySeries();
    for (let n = 0; n < 10_000; n += 200) series.take(message(n, n + 200), n);
    expect(addresses(series, 10_000)).toEqual(
      Array.from({ length: 200 }, (_, n) => gateway(n).address),
    );
  });

  it('gives away the place of one that was not heard of for an hour, when another wants it', () => {
    const series = new GatewaySeries();
    series.take(message(0, 200), 0);
    series.take(message(100, 200), 3_600_000);
    series.take(message(100, 200), 3_600_001);
    expect(addresses(series, 3_600_001)).toHaveLength(200);
    series.take(message(300, 301), 3_600_001);
    expect(addresses(series, 3_600_001)).toEqual(
      [...Array.from({ length: 100 }, (_, n) => 100 + n), 300].map((n) => gateway(n).address),
    );
  });

  it('begins anew with a process that begins anew', () => {
    const series = new GatewaySeries();
    series.take(message(0, 3, { readings: 9 }), 0);
    series.take(message(2, 3, { pid: 4_009, readings: 1 }), 10);
    expect(series.list(workers, 10)).toEqual([
      // The process that told of it is not the one that runs.
      { ...gateway(2, 1), worker: 'ingest-1', open: 0 },
    ]);
  });
});
