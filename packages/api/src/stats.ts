/**
 * What `/api/stats` says: the workers, the connections and the ledger, from the supervisor's latest
 * report; no database is asked.
 *
 * What always holds: `received = stored + duplicates + rejected + pending`, since it holds in each
 * worker's report and sums keep it. A restarting worker counts with what it last said.
 */
import type { ConnectionsPerHour, IngestSnapshot, Ledger, WorkerState } from '@zdenergy/core';
import {
  ingestWorkers,
  openConnections,
  uptimeSeconds,
  type ClusterReport,
} from './cluster-report.js';
import { gatewaysSeen, type GatewayReports, type GatewaysSeen } from './gateway-reports.js';

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

/** All but `open` and `per_hour` count since the TCP workers' last start. */
interface TcpStats extends GatewaysSeen {
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
  /** Of the last 24 hours of the clock, oldest first; the last one has only begun. */
  readonly per_hour: ConnectionsPerHour;
}

/** The statistics as they were reported, with uptimes brought up to `monotonicMs`. */
export function statsReport(
  cluster: ClusterReport | null,
  gateways: GatewayReports,
  monotonicMs: number,
): Stats {
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
    tcp: tcpStats(tcpWorkers, gateways, monotonicMs),
    ledger: ledgerOf(tcpWorkers),
  };
}

function tcpStats(
  tcpWorkers: readonly WorkerState[],
  gateways: GatewayReports,
  monotonicMs: number,
): TcpStats | null {
  const reports = tcpWorkers.flatMap(({ ingest }) => ingest ?? []);
  if (reports.length === 0) return null;
  const total = (pick: (report: IngestSnapshot) => number): number => sum(reports.map(pick));
  return {
    open: openConnections(tcpWorkers),
    opened: total(({ connections }) => connections.opened),
    closed: total(({ connections }) => connections.closed),
    refused: total(({ connections }) => connections.refused),
    timed_out: total(({ connections }) => connections.timedOut),
    bytes_received: total(({ connections }) => connections.bytesReceived),
    readings: total(({ input }) => input.readings),
    rejected: total(({ input }) => input.rejected),
    times_replaced: total(({ input }) => input.timesReplaced),
    noise_bytes: total(({ input }) => input.noiseBytes),
    per_hour: perHour(tcpWorkers.flatMap(({ connectionsPerHour }) => connectionsPerHour ?? [])),
    ...gatewaysSeen(gateways, tcpWorkers, monotonicMs),
  };
}

const perHour = (all: readonly ConnectionsPerHour[]): ConnectionsPerHour => ({
  opened: sumByPlace(all.map(({ opened }) => opened)),
  closed: sumByPlace(all.map(({ closed }) => closed)),
});

const sumByPlace = (lists: readonly (readonly number[])[]): number[] =>
  lists[0]?.map((_, place) => sum(lists.map((list) => list[place] ?? 0))) ?? [];

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
