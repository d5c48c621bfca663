/**
 * The wall clock, but slow to believe that it was set forward: what is over by a clock that is wrong for
 * an hour is not over.
 *
 * What always holds: a clock that is set back is followed at once; one that is set forward is followed
 * after a day on which it has stayed so, for it may have been wrong before (as on a machine that has no
 * clock of its own and starts without a network).
 */

/** What is made up for gradually, and what a short pause of the machine does. */
const toleranceMs = 5 * 60_000;
const believedAfterMs = 24 * 3_600_000;

export class SteadyClock {
  /** How far the wall clock that is believed is ahead of the monotonic one. */
  #aheadMs: number | undefined;
  /** Since when it shows more than that, by the monotonic clock. */
  #setForwardAtMs: number | undefined;

  /** What time it is, by the two clocks. */
  at(wallMs: number, monotonicMs: number): number {
    const aheadMs = wallMs - monotonicMs;
    if (this.#aheadMs !== undefined && aheadMs > this.#aheadMs + toleranceMs) {
      this.#setForwardAtMs ??= monotonicMs;
      if (monotonicMs - this.#setForwardAtMs < believedAfterMs) {
        return monotonicMs + this.#aheadMs;
      }
    }
    this.#aheadMs = aheadMs;
    this.#setForwardAtMs = undefined;
    return wallMs;
  }
}
