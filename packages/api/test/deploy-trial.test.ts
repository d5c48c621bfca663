/** Whether the trial of a new version (scripts/deploy-trial.js) understands what health says of it. */
import { createRequire } from 'node:module';
import { nextReport } from '../src/cluster-report.js';
import { healthReport, type HealthBody } from '../src/health.js';
import { clusterState, ingestSnapshot, tcpWorker } from './cluster.js';

const { isWell } = createRequire(import.meta.url)('../../../scripts/deploy-trial.js') as {
  isWell: (health: HealthBody) => boolean;
};

/** What a zdenergy says that has so much of the disk free, and whose last sign of a gateway is so old. */
function health(diskFreeBytes: number, idleMs: number, problem: string | null = null): HealthBody {
  const journal = { ...ingestSnapshot().journal, diskFreeBytes, diskTotalBytes: 100_000, problem };
  const worker = tcpWorker({ ingest: ingestSnapshot({ journal, idleMs }) });
  const input = {
    cluster: nextReport(null, clusterState([worker]), 0),
    database: { connected: true, problem: null },
    memoryReadings: 0,
    staleAfterMs: 600_000,
    version: '0.1.0',
  };
  return healthReport(input, { monotonicMs: 0, wallMs: 0 }).body;
}

it.each([
  ['all is well', health(50_000, 0), 'ok', true],
  ['the disk is nearly full', health(5_000, 0), 'warning', true],
  ['no gateway has come', health(50_000, 700_000), 'warning', false],
  ['both', health(5_000, 700_000), 'warning', false],
  ['the journal cannot be written', health(5_000, 0, 'The disk is full.'), 'error', false],
])('when %s', (_what, body, status, isFit) => {
  expect(body.status).toBe(status);
  expect(isWell(body)).toBe(isFit);
});
