/**
 * The ledger as counters that Prometheus reads rightly: to it, one that falls has started again at 0,
 * and all that it counts up to now has come just then.
 *
 * What always holds: none of them falls while this process lives. Nothing is told while a TCP worker
 * has not reported, or knows only the journal's own copy of what the database has, which can be a
 * little older than what was told before a crash.
 */
import type { Ledger, WorkerState } from '@zdenergy/core';
import { ingestWorkers, type ClusterReport } from './cluster-report.js';

/** What became of readings since the data directory was made; what is not known now is left out. */
export type LedgerCounts = Readonly<Partial<Ledger>>;

const counters = ['received', 'stored', 'duplicates', 'rejected'] as const;

export class LedgerCounters {
  readonly #highest = { received: 0, stored: 0, duplicates: 0, rejected: 0 };

  of(cluster: ClusterReport | null): LedgerCounts {
    const counts = ledgerCounts(ingestWorkers(cluster?.state));
    const rising: Partial<Ledger> = { ...counts };
    for (const key of counters) {
      const count = counts[key];
      if (count === undefined) continue;
      this.#highest[key] = Math.max(this.#highest[key], count);
      rising[key] = this.#highest[key];
    }
    return rising;
  }
}

/** The sums of all TCP workers, as far as each of them can say. */
export function ledgerCounts(tcpWorkers: readonly WorkerState[]): LedgerCounts {
  const reports = tcpWorkers.flatMap(({ ingest }) => ingest ?? []);
  if (reports.length === 0 || reports.length < tcpWorkers.length) return {};
  const total = (key: keyof Ledger): number =>
    reports.reduce((sum, { ledger }) => sum + ledger[key], 0);
  const known = { received: total('received'), pending: total('pending') };
  if (!reports.every(({ ledgerConfirmed }) => ledgerConfirmed)) return known;
  return {
    ...known,
    stored: total('stored'),
    duplicates: total('duplicates'),
    rejected: total('rejected'),
  };
}
