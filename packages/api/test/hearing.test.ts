/** Whether gateways can be heard, and what they do, by the supervisor's reports. */
import type { WorkerState } from '@zdenergy/core';
import { GatewayWatch } from '../src/alerts/gateway-sight.js';
import { earState } from '../src/alerts/hearing.js';
import { nextReport, type ClusterReport } from '../src/cluster-report.js';
import { clusterState, ingestSnapshot, tcpWorker } from './cluster.js';

const at = 100_000;
const report = (...workers: WorkerState[]): ClusterReport =>
  nextReport(null, clusterState(workers), at);
const { journal, ledger } = ingestSnapshot();

it.each<[string, ClusterReport | null, object]>([
  ['before the first report', null, { isHearing: false }],
  ['while all serve', report(tcpWorker()), { isHearing: true, upMs: 120_500 }],
  [
    'while all serve, one for a short time',
    report(tcpWorker(), tcpWorker({ name: 'ingest-2', uptimeMs: 1_000 })),
    { isHearing: true, upMs: 1_500 },
  ],
  ['while one is away', report(tcpWorker(), tcpWorker({ status: 'hung' })), { isHearing: false }],
  [
    'while the journal takes nothing',
    report(tcpWorker({ ingest: ingestSnapshot({ journal: { ...journal, problem: 'full' } }) })),
    { isHearing: false },
  ],
])('gateways are heard or not %s', (_when, state, expected) => {
  expect(earState(state, at + 500)).toMatchObject(expected);
});

it('the age of the last reading is known from what the ledger says', () => {
  const withLedger = (received: number, rejected: number): ClusterReport =>
    report(tcpWorker({ ingest: ingestSnapshot({ ledger: { ...ledger, received, rejected } }) }));
  const watch = new GatewayWatch(at);
  watch.see(null, at);
  watch.see(withLedger(100, 10), at + 1_000);
  expect(watch.sight(withLedger(100, 10), at + 5_000)).toEqual({
    connected: 2,
    // The report has it 4 s ago, and its heartbeat came half a second before that.
    activityAgeMs: 9_500,
    readingAgeMs: 5_000,
  });
  watch.see(withLedger(101, 10), at + 6_000);
  expect(watch.sight(withLedger(101, 10), at + 6_000)).toMatchObject({ readingAgeMs: 0 });
  // What was refused is no reading.
  watch.see(withLedger(103, 12), at + 9_000);
  expect(watch.sight(null, at + 9_000)).toEqual({
    connected: 0,
    activityAgeMs: null,
    readingAgeMs: 3_000,
  });
});
