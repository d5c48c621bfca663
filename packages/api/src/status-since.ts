/**
 * Since when health has been what it is, as far as this process has seen.
 *
 * What always holds: it is measured on the monotonic clock, so that a clock on the wall that is set
 * moves the moment that is shown, and not how long it has lasted.
 */
import type { HealthReport, HealthStatus, Now } from './health.js';
import { timestamp } from './health.js';

export class StatusSince {
  #status: HealthStatus | undefined;
  #sinceMs = 0;

  /** The report with `status_since` in its body. To be asked often: a change counts from when it is seen. */
  mark(report: HealthReport, now: Now): HealthReport {
    const { status } = report.body;
    if (status !== this.#status) {
      this.#status = status;
      this.#sinceMs = now.monotonicMs;
    }
    const sinceWallMs = now.wallMs - (now.monotonicMs - this.#sinceMs);
    return { ...report, body: { ...report.body, status_since: timestamp(sinceWallMs) } };
  }
}
