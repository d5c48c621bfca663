/**
 * How many connections were opened and closed in each of the last 24 hours.
 *
 * Worked out from the counts that a worker's processes report, each of which begins at 0. It is kept
 * here because this process outlives them. What is lost: what a process counted after its last
 * heartbeat, a second's worth; and all of it when the supervisor itself ends. What always holds:
 * connections that ended with their process count as closed; a clock that is set moves no count.
 */
import type { ConnectionsPerHour } from '@zdenergy/core';

const hourMs = 3_600_000;
const hours = 24;

export interface ConnectionCounts {
  readonly open: number;
  readonly opened: number;
  readonly closed: number;
}

const none: ConnectionCounts = { open: 0, opened: 0, closed: 0 };

export class ConnectionHours {
  /** By hours since 1970. */
  readonly #counts = new Map<number, { opened: number; closed: number }>();
  /** What the process that runs now reported last. */
  #last = none;

  /** `nowMs` by the wall clock, as everywhere here. */
  report(counts: ConnectionCounts, nowMs: number): void {
    this.#add(counts.opened - this.#last.opened, counts.closed - this.#last.closed, nowMs);
    this.#last = counts;
  }

  /** The process has ended. */
  ended(nowMs: number): void {
    this.#add(0, this.#last.open, nowMs);
    this.#last = none;
  }

  /** Hours of the clock, oldest first; the last one has only begun. */
  perHour(nowMs: number): ConnectionsPerHour {
    const current = Math.floor(nowMs / hourMs);
    const counts = Array.from({ length: hours }, (_, n) =>
      this.#counts.get(current - hours + 1 + n),
    );
    return {
      opened: counts.map((count) => count?.opened ?? 0),
      closed: counts.map((count) => count?.closed ?? 0),
    };
  }

  #add(opened: number, closed: number, nowMs: number): void {
    if (opened === 0 && closed === 0) return;
    const hour = Math.floor(nowMs / hourMs);
    const count = this.#counts.get(hour) ?? { opened: 0, closed: 0 };
    this.#counts.set(hour, { opened: count.opened + opened, closed: count.closed + closed });
    // Also those to come, for the clock may have been set back.
    for (const known of this.#counts.keys()) {
      if (Math.abs(known - hour) >= hours) this.#counts.delete(known);
    }
  }
}
