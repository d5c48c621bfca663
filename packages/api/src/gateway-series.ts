/**
 * Which gateways have series of their own in `/metrics`: of each TCP worker at most 200.
 *
 * A worker names the 200 that it saw last. With more than that they change all the time, and each
 * would leave a series behind in Prometheus. What always holds: a gateway that has a place keeps it
 * until it was not heard of for an hour and another one wants it, with the counts that were told of
 * it last; a worker that starts again begins anew, as its counts do.
 */
import type { GatewayReport, GatewaysMessage, WorkerState } from '@zdenergy/core';

/** As many as `/api/stats` shows. */
const maxSeries = 200;
const keptMs = 3_600_000;

export interface GatewaySeen extends Omit<GatewayReport, 'idleMs'> {
  readonly worker: string;
  readonly idleMs: number;
}

interface Kept {
  readonly report: GatewayReport;
  /** When the report came, on this process's monotonic clock. */
  readonly atMs: number;
}

interface OfWorker {
  readonly pid: number;
  readonly gateways: Map<string, Kept>;
}

export class GatewaySeries {
  readonly #workers = new Map<string, OfWorker>();

  take({ worker, pid, report }: Omit<GatewaysMessage, 'type'>, nowMs: number): void {
    const before = this.#workers.get(worker);
    const { gateways } = before?.pid === pid ? before : { gateways: new Map<string, Kept>() };
    const fresh: GatewayReport[] = [];
    for (const gateway of report.newest) {
      if (gateways.has(gateway.address)) {
        gateways.set(gateway.address, { report: gateway, atMs: nowMs });
      } else {
        fresh.push(gateway);
      }
    }
    if (gateways.size + fresh.length > maxSeries) forgetOld(gateways, nowMs);
    for (const gateway of fresh.slice(0, maxSeries - gateways.size)) {
      gateways.set(gateway.address, { report: gateway, atMs: nowMs });
    }
    this.#workers.set(worker, { pid, gateways });
  }

  /** A connection counts as open only while the process lives that told of it. */
  list(workers: readonly WorkerState[], nowMs: number): GatewaySeen[] {
    return [...this.#workers].flatMap(([worker, { pid, gateways }]) => {
      const isAlive = workers.some((state) => state.name === worker && state.pid === pid);
      return [...gateways.values()].map(({ report, atMs }) => ({
        ...report,
        worker,
        open: isAlive ? report.open : 0,
        idleMs: report.idleMs + nowMs - atMs,
      }));
    });
  }
}

function forgetOld(gateways: Map<string, Kept>, nowMs: number): void {
  for (const [address, { report, atMs }] of gateways) {
    if (nowMs - atMs + report.idleMs > keptMs) gateways.delete(address);
  }
}
