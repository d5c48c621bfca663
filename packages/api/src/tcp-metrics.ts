/**
 * What each TCP worker says in `/metrics`: connections, journal, rejects, and how long storing takes.
 *
 * What always holds: each series has its worker as a label; a worker that has not reported has none,
 * and one that restarts keeps those of its last report until the next.
 */
import type { IngestSnapshot, WorkerState } from '@zdenergy/core';
import { pendingMs } from './cluster-report.js';
import { counter, gauge, histogram, sample, type MetricFamily } from './metric-family.js';

type OfTcpWorker = readonly [
  make: typeof counter,
  name: string,
  help: string,
  value: (ingest: IngestSnapshot, worker: WorkerState, ageMs: number) => number,
];

const ofTcpWorker: readonly OfTcpWorker[] = [
  [
    gauge,
    'zdenergy_connections_open',
    'Connections of gateways that are open now',
    // They ended with the process, whatever it said last.
    ({ connections }, { pid }) => (pid === null ? 0 : connections.open),
  ],
  [
    counter,
    'zdenergy_connections_opened_total',
    'Connections accepted since the worker was started',
    ({ connections }) => connections.opened,
  ],
  [
    counter,
    'zdenergy_connections_closed_total',
    'Connections ended since the worker was started',
    ({ connections }) => connections.closed,
  ],
  [
    counter,
    'zdenergy_connections_refused_total',
    'Connections refused by TCP_ALLOW or a limit since the worker was started',
    ({ connections }) => connections.refused,
  ],
  [
    counter,
    'zdenergy_connections_timed_out_total',
    'Connections closed because the gateway was silent or unreachable since the worker was started',
    ({ connections }) => connections.timedOut,
  ],
  [
    counter,
    'zdenergy_tcp_received_bytes_total',
    'Bytes received from gateways since the worker was started',
    ({ connections }) => connections.bytesReceived,
  ],
  [
    counter,
    'zdenergy_tcp_noise_bytes_total',
    'Bytes between objects that are no separators, skipped since the worker was started',
    ({ input }) => input.noiseBytes,
  ],
  [
    counter,
    'zdenergy_times_replaced_total',
    'Readings whose time was replaced by that of their receipt since the worker was started',
    ({ input }) => input.timesReplaced,
  ],
  [gauge, 'zdenergy_journal_bytes', 'Size of the journal on disk', ({ journal }) => journal.bytes],
  [
    gauge,
    'zdenergy_journal_writable',
    'Whether the journal takes readings',
    ({ journal }) => (journal.problem === null ? 1 : 0),
  ],
  [
    gauge,
    'zdenergy_journal_oldest_pending_seconds',
    'How long the oldest reading that is not in Postgres has waited; 0: none waits',
    (_ingest, worker, ageMs) => seconds(pendingMs(worker, ageMs)),
  ],
];

/** What each TCP worker counts, and how long its readings take to be stored. */
export function tcpFamilies(tcpWorkers: readonly WorkerState[], ageMs: number): MetricFamily[] {
  return [
    ...ofTcpWorker.map(([make, name, help, value]) =>
      make(
        name,
        help,
        reported(tcpWorkers).map(([ingest, worker]) =>
          sample(value(ingest, worker, ageMs), { worker: worker.name }),
        ),
      ),
    ),
    counter(
      'zdenergy_rejects_total',
      'What was rejected since the worker was started, by the kind of reason',
      reported(tcpWorkers).flatMap(([{ rejects }, { name }]) =>
        Object.entries(rejects).map(([reason, count]) => sample(count, { worker: name, reason })),
      ),
    ),
    ...storageFamilies(tcpWorkers),
  ];
}

function storageFamilies(tcpWorkers: readonly WorkerState[]): MetricFamily[] {
  const workers = reported(tcpWorkers).map(([{ storing }, { name }]) => ({ storing, name }));
  return [
    histogram(
      'zdenergy_database_batch_seconds',
      'How long Postgres took to store a batch and confirm it',
      workers.map(({ storing, name }) => [storing.batch, { worker: name }]),
    ),
    histogram(
      'zdenergy_receipt_to_commit_seconds',
      'From the receipt of a reading to its commit in Postgres; all that came together count as the first of them',
      workers.map(({ storing, name }) => [storing.receiptToCommit, { worker: name }]),
    ),
  ];
}

/** The TCP workers that have reported, with what they said. */
const reported = (tcpWorkers: readonly WorkerState[]): (readonly [IngestSnapshot, WorkerState])[] =>
  tcpWorkers.flatMap((worker) =>
    worker.ingest === null ? [] : [[worker.ingest, worker] as const],
  );

const seconds = (durationMs: number): number => durationMs / 1_000;
