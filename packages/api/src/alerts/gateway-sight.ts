/** What gateways do: how many are connected, and since when no reading has come. */
import { ingestWorkers, openConnections, type ClusterReport } from '../cluster-report.js';
import type { GatewaySight } from './alert-message.js';

/** To be shown each report of the supervisor, about once a second. */
export class GatewayWatch {
  #readings: number | undefined;
  /** By the monotonic clock. */
  #readingAtMs: number;

  constructor(nowMs: number) {
    this.#readingAtMs = nowMs;
  }

  see(report: ClusterReport | null, nowMs: number): void {
    const ledgers = ingestWorkers(report?.state).flatMap(({ ingest }) => ingest?.ledger ?? []);
    if (ledgers.length === 0) return;
    const readings = ledgers.reduce((sum, { received, rejected }) => sum + received - rejected, 0);
    if (this.#readings !== undefined && readings !== this.#readings) this.#readingAtMs = nowMs;
    this.#readings = readings;
  }

  sight(report: ClusterReport | null, nowMs: number): GatewaySight {
    const activityAtMs = report?.activityAtMs ?? null;
    return {
      connected: openConnections(ingestWorkers(report?.state)),
      activityAgeMs: activityAtMs === null ? null : nowMs - activityAtMs,
      readingAgeMs: nowMs - this.#readingAtMs,
    };
  }
}
