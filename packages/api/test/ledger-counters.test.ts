import { nextReport, type ClusterReport } from '../src/cluster-report.js';
import { LedgerCounters, ledgerCounts } from '../src/ledger-counters.js';
import { apiWorkerState, clusterState, ingestSnapshot, tcpWorker } from './cluster.js';

type Ledger = ReturnType<typeof ingestSnapshot>['ledger'];

const ledgerOf = (stored: number, pending = 0): Ledger => ({
  received: stored + pending + 10,
  stored,
  duplicates: 6,
  rejected: 4,
  pending,
});

const worker = (name: string, ledger: Ledger, ledgerConfirmed = true) =>
  tcpWorker({ name, ingest: ingestSnapshot({ ledger, ledgerConfirmed }) });

const starting = tcpWorker({ name: 'ingest-2', status: 'starting', ingest: null });

const report = (...workers: Parameters<typeof clusterState>[0] & object): ClusterReport =>
  nextReport(null, clusterState([...workers, apiWorkerState()]), 0);

describe('ledgerCounts', () => {
  it.each([
    ['no worker', [], {}],
    [
      'all workers together',
      [worker('ingest-1', ledgerOf(100, 1)), worker('ingest-2', ledgerOf(50))],
      { received: 171, stored: 150, duplicates: 12, rejected: 8, pending: 1 },
    ],
    ['one that has not reported yet', [worker('ingest-1', ledgerOf(100)), starting], {}],
    [
      'one that has not heard from the database',
      [worker('ingest-1', ledgerOf(100)), worker('ingest-2', ledgerOf(40, 10), false)],
      { received: 170, pending: 10 },
    ],
  ])('%s', (_what, workers, expected) => {
    expect(ledgerCounts(workers)).toEqual(expected);
  });
});

describe('LedgerCounters', () => {
  it('rises with the ledger, and lets what is pending fall', () => {
    const counters = new LedgerCounters();
    expect(counters.of(report(worker('ingest-1', ledgerOf(10, 5))))).toEqual(ledgerOf(10, 5));
    expect(counters.of(report(worker('ingest-1', ledgerOf(15, 0))))).toEqual(ledgerOf(15, 0));
  });

  it('stays where it was while the database has less, as after a restored backup', () => {
    const counters = new LedgerCounters();
    counters.of(report(worker('ingest-1', ledgerOf(100))));
    expect(counters.of(report(worker('ingest-1', ledgerOf(70, 30))))).toEqual({
      ...ledgerOf(100, 30),
      received: 110,
    });
    expect(counters.of(report(worker('ingest-1', ledgerOf(101))))).toEqual(ledgerOf(101));
  });

  it('has nothing to tell before the first report', () => {
    expect(new LedgerCounters().of(null)).toEqual({});
  });
});
