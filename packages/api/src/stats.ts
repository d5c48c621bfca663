/**
 * What `/api/stats` says: the workers, the connections and the ledger, from the supervisor's latest
 * report; no database is asked.
 *
 * What always holds: `received = stored + duplicates + rejected + pending`, since it holds in each
 * worker's report and sums keep it. A restarting worker counts with what it last said.
 */
import type { IngestSnapshot, Ledger, WorkerState } from '@zdenergy/core';
import { ingestWorkers, uptimeSeconds, type ClusterReport } from './cluster-report.js';

/** The answer of `/api/stats`. */
export interface Stats {
  readonly workers: readonly {
    readonly name: string;
    readonly pid: number | null;
    readonly alive: boolean;
    readonly restarts: number;
    readonly uptime_seconds: number;
  }[];
  /** Null until a TCP worker has reported. */
  readonly tcp: TcpStats | null;
  /** Since the data directory was made; null until a TCP worker has reported. */
  readonly ledger: Ledger | null;
}

/** All but `open` count since the TCP workers' last start. */
interface TcpStats {
  readonly open: number;
  readonly opened: number;
  readonly closed: number;
  readonly refused: number;
  readonly timed_out: number;
  readonly bytes_received: number;
  readonly readings: number;
  readonly rejected: number;
  readonly times_replaced: number;
  readonly noise_bytes: number;
}

/** The statistics as they were reported, with uptimes brought up to `monotonicMs`. */
export function statsReport(cluster: ClusterReport | null, monotonicMs: number): Stats {
  const ageMs = cluster === null ? 0 : monotonicMs - cluster.receivedAtMs;
  const tcpWorkers = ingestWorkers(cluster?.state);
  return {
    workers: (cluster?.state.workers ?? []).map((worker) => ({
      name: worker.name,
      pid: worker.pid,
      alive: worker.pid !== null && worker.status !== 'hung',
      restarts: worker.restarts,
      uptime_seconds: uptimeSeconds(worker, ageMs),
    })),
    tcp: tcpStats(tcpWorkers),
    ledger: ledgerOf(tcpWorkers),
  };
}

function tcpStats(tcpWorkers: readonly WorkerState[]): TcpStats | null {
  const reports = tcpWorkers.flatMap(({ ingest }) => ingest ?? []);
  if (reports.length === 0) return null;
  const total = (pick: (report: IngestSnapshot) => number): number => sum(reports.map(pick));
  // The connections of a worker ended with its process, whatever it last said.
  const living = tcpWorkers.filter(({ pid }) => pid !== null);
  return {
    open: sum(living.map(({ ingest }) => ingest?.connections.open ?? 0)),
    opened: total(({ connections }) => connections.opened),
    closed: total(({ connections }) => connections.closed),
    refused: total(({ connections }) => connections.refused),
    timed_out: total(({ connections }) => connections.timedOut),
    bytes_received: total(({ connections }) => connections.bytesReceived),
    readings: total(({ input }) => input.readings),
    rejected: total(({ input }) => input.rejected),
    times_replaced: total(({ input }) => input.timesReplaced),
    noise_bytes: total(({ input }) => input.noiseBytes),
  };
}

function ledgerOf(tcpWorkers: readonly WorkerState[]): Ledger | null {
  const ledgers = tcpWorkers.flatMap(({ ingest }) => ingest?.ledger ?? []);
  if (ledgers.length === 0) return null;
  const total = (pick: (ledger: Ledger) => number): number => sum(ledgers.map(pick));
  return {
    received: total(({ received }) => received),
    stored: total(({ stored }) => stored),
    duplicates: total(({ duplicates }) => duplicates),
    rejected: total(({ rejected }) => rejected),
    pending: total(({ pending }) => pending),
  };
}

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);
