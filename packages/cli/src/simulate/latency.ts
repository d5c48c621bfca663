/** Latencies counted in classes that grow by 5 %: any number of them in the memory of a few hundred. */

const growth = Math.log(1.05);
/** The first class ends here; the clock is not worth more. */
const smallestMs = 0.1;

export class Latencies {
  readonly #classes: number[] = [];
  #count = 0;

  add(latencyMs: number): void {
    const index = Math.max(0, Math.ceil(Math.log(latencyMs / smallestMs) / growth));
    this.#classes[index] = (this.#classes[index] ?? 0) + 1;
    this.#count += 1;
  }

  /**
   * The latency in milliseconds that this part of all stayed within, at most 5 % too high;
   * undefined when there are none.
   * @param part 0.5 for the median, 0.99 for the slowest hundredth
   */
  quantile(part: number): number | undefined {
    let left = Math.ceil(part * this.#count);
    for (const [index, inClass = 0] of this.#classes.entries()) {
      left -= inClass;
      if (left <= 0 && inClass > 0) return smallestMs * Math.exp(index * growth);
    }
    return undefined;
  }
}
