/**
 * What the supervisor can do with any of its children, and the restarting they have in common.
 *
 * What always holds: one restart is scheduled at a time, none after `end`.
 */
import type { Logger, WorkerState } from '@zdenergy/core';
import { formatDuration } from '@zdenergy/core';
import type { Wakefulness } from './liveness.js';
import type { Death, Restarts } from './restart-policy.js';
import { afterDeath, noRestarts, recentRestarts } from './restart-policy.js';

export interface Supervised {
  start(): void;
  /** Ends the child cleanly, or by force at the deadline; it is not started again. */
  stop(deadlineMs: number): Promise<void>;
  /** Ends the child at once; for an operator who does not want to wait for `stop`. */
  kill(): void;
  /** Ends the child if it hangs; called at every check. */
  check(wakefulness: Wakefulness): void;
  describe(nowMs: number): WorkerState;
}

/** Starts a child again after it died, as late as the policy says. */
export class RestartClock {
  readonly #name: string;
  readonly #logger: Logger;
  #restarts: Restarts = noRestarts;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(name: string, logger: Logger) {
    this.#name = name;
    this.#logger = logger;
  }

  /** Schedules a restart. The policy spaces the log lines of a crash loop just like its restarts. */
  schedule(reason: string, death: Death, restart: () => void): void {
    if (this.#ended) return;
    const next = afterDeath(this.#restarts, death, performance.now(), Math.random());
    this.#restarts = next.restarts;
    this.#logger.restarting(
      `restarting ${this.#name} in ${formatDuration(next.delayMs)}: ${reason}`,
    );
    clearTimeout(this.#timer);
    this.#timer = setTimeout(restart, next.delayMs);
  }

  /** Forgets the scheduled restart, if there is one. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  /** Cancels, and schedules nothing any more. */
  end(): void {
    this.#ended = true;
    this.cancel();
  }

  counts(nowMs: number): { restarts: number; recentRestarts: number } {
    return {
      restarts: this.#restarts.total,
      recentRestarts: recentRestarts(this.#restarts, nowMs),
    };
  }
}
