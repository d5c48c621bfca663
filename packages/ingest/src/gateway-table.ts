/**
 * What each gateway has sent since this process started, by its address without the port.
 *
 * What always holds: memory is bounded (those seen longest ago are forgotten first); a connection
 * keeps its record at hand, so that receiving costs additions and no look-up. A gateway that is
 * forgotten while it is connected, which takes more gateways than there is room for, counts anew
 * with its next connection.
 */
import type { GatewayReport, GatewaysReport } from '@zdenergy/core';

/** Some 150 bytes each. */
const maxGateways = 10_000;
/** Forgetting sorts them all, so it is done for many at once. */
const forgetAtOnce = 1_000;
/** From the interface: as many are shown. */
const maxReported = 200;

export interface GatewayRecord {
  readonly address: string;
  open: number;
  opened: number;
  /** By the monotonic clock. */
  lastSeenAtMs: number;
  bytes: number;
  readings: number;
  rejected: number;
}

export class GatewayTable {
  readonly #records = new Map<string, GatewayRecord>();

  /** A connection was opened; the record is the connection's to count in. */
  opened(address: string, nowMs: number): GatewayRecord {
    const record = this.#records.get(address) ?? this.#add(address, nowMs);
    record.open += 1;
    record.opened += 1;
    record.lastSeenAtMs = nowMs;
    return record;
  }

  /** The gateways seen last, the latest first. */
  report(nowMs: number): GatewaysReport {
    const newest = newestOf([...this.#records.values()], maxReported);
    return {
      total: this.#records.size,
      newest: newest.map((record): GatewayReport => {
        const { lastSeenAtMs, ...counts } = record;
        return { ...counts, idleMs: Math.max(0, nowMs - lastSeenAtMs) };
      }),
    };
  }

  #add(address: string, nowMs: number): GatewayRecord {
    if (this.#records.size >= maxGateways + forgetAtOnce) this.#forget();
    const record = {
      address,
      open: 0,
      opened: 0,
      lastSeenAtMs: nowMs,
      bytes: 0,
      readings: 0,
      rejected: 0,
    };
    this.#records.set(address, record);
    return record;
  }

  #forget(): void {
    const kept = newestOf([...this.#records.values()], maxGateways);
    this.#records.clear();
    for (const record of kept) this.#records.set(record.address, record);
  }
}

/** Sorting numbers alone is several times as fast as sorting records, and a worker has little time. */
function newestOf(records: readonly GatewayRecord[], count: number): GatewayRecord[] {
  const times = Float64Array.from(records, ({ lastSeenAtMs }) => lastSeenAtMs).sort();
  const oldestAtMs = times[Math.max(0, times.length - count)] ?? 0;
  return records
    .filter(({ lastSeenAtMs }) => lastSeenAtMs >= oldestAtMs)
    .sort((a, b) => b.lastSeenAtMs - a.lastSeenAtMs)
    .slice(0, count);
}
