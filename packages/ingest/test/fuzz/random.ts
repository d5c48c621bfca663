/** Random numbers that a seed and a run number decide, so that any run can be had again. */
export class Random {
  #state: number;

  constructor(seed: number, run: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(run + 1, 0x85ebca6b);
  }

  /** A whole number from 0 up to, but not including, `limit` (Mulberry32 by Tommy Ettinger). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  }

  oneOf<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)];
  }

  /** A place to cut `bytes` in two. */
  place(bytes: Buffer): number {
    return this.below(bytes.length + 1);
  }
}
