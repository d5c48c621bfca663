/**
 * Counts of how long things took, by fixed bounds, as Prometheus has them.
 *
 * What always holds: memory is the bounds' alone, however much is counted; counts only grow.
 */
import type * as zod from 'zod';
import { z } from './zod.js';

const count = z.number().nonnegative();

/** As one process tells another. */
export const histogramState = z.object({
  /** Rising; in seconds. */
  bounds: z.array(z.number()),
  /** How many were at most the bound of the same place and above the one before; last: above all. */
  counts: z.array(count),
  /** Of all that was counted, in seconds. */
  sum: count,
});
export type HistogramState = zod.infer<typeof histogramState>;

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** @param boundsSeconds rising. */
  constructor(boundsSeconds: readonly number[]) {
    this.#bounds = boundsSeconds;
    this.#counts = Array<number>(boundsSeconds.length + 1).fill(0);
  }

  /** Counts `times` that took as long. What a clock that was set back makes negative counts as 0. */
  add(seconds: number, times = 1): void {
    const value = Math.max(0, seconds);
    let place = 0;
    while (place < this.#bounds.length && value > this.#bounds[place]) place += 1;
    this.#counts[place] += times;
    this.#sum += value * times;
  }

  get state(): HistogramState {
    return { bounds: [...this.#bounds], counts: [...this.#counts], sum: this.#sum };
  }
}
