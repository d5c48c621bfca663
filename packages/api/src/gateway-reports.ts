/**
 * What each gateway has sent, as `/api/stats` says it: the latest reports of all ingest workers,
 * merged by address.
 *
 * Each worker names only the gateways that it saw last, so that one that several workers know may
 * be missing in the report of one of them: its sums, and the total, are then off. What always holds:
 * a connection counts as open only while the process lives that told of it.
 */
import type { GatewaysMessage, WorkerState } from '@zdenergy/core';

/** From the interface. */
const maxShown = 200;

/** A gateway since the TCP workers' last start. */
export interface GatewayStats {
  /** Without the port. */
  readonly address: string;
  readonly open: number;
  readonly opened: number;
  readonly last_seen_seconds: number;
  readonly bytes: number;
  readonly readings: number;
  readonly rejected: number;
}

export interface GatewaysSeen {
  /** The one seen last comes first. */
  readonly gateways: readonly GatewayStats[];
  /** How many are known, of which only so many are shown. */
  readonly gateways_total: number;
}

interface Received {
  readonly message: Omit<GatewaysMessage, 'type'>;
  /** When it came, on this process's monotonic clock. */
  readonly atMs: number;
}

/** By worker; a newer report takes the place of the one before. */
export type GatewayReports = ReadonlyMap<string, Received>;

export const withReport = (
  reports: GatewayReports,
  message: Omit<GatewaysMessage, 'type'>,
  atMs: number,
): GatewayReports => new Map(reports).set(message.worker, { message, atMs });

export function gatewaysSeen(
  reports: GatewayReports,
  workers: readonly WorkerState[],
  nowMs: number,
): GatewaysSeen {
  const merged = new Map<string, GatewayStats>();
  let total = 0;
  let again = 0;
  for (const { message, atMs } of reports.values()) {
    const isAlive = workers.some(({ name, pid }) => name === message.worker && pid === message.pid);
    total += message.report.total;
    for (const { idleMs, ...counts } of message.report.newest) {
      const gateway = {
        ...counts,
        open: isAlive ? counts.open : 0,
        last_seen_seconds: Math.floor((idleMs + nowMs - atMs) / 1_000),
      };
      const other = merged.get(gateway.address);
      if (other !== undefined) again += 1;
      merged.set(gateway.address, other === undefined ? gateway : sum(other, gateway));
    }
  }
  const newest = [...merged.values()].sort((a, b) => a.last_seen_seconds - b.last_seen_seconds);
  return { gateways: newest.slice(0, maxShown), gateways_total: total - again };
}

const sum = (a: GatewayStats, b: GatewayStats): GatewayStats => ({
  address: a.address,
  open: a.open + b.open,
  opened: a.opened + b.opened,
  last_seen_seconds: Math.min(a.last_seen_seconds, b.last_seen_seconds),
  bytes: a.bytes + b.bytes,
  readings: a.readings + b.readings,
  rejected: a.rejected + b.rejected,
});
