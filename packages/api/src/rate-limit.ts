/**
 * How often each client may do something: at most `limit` times within any `windowMs`.
 *
 * What always holds: memory is bounded, whoever knocks: beyond `maxClients`, the one that was heard of
 * longest ago is forgotten. What is refused does not count, so that a client that slows down gets in.
 */
export class RateLimit {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #maxClients: number;
  /** When each client was let in, oldest first; clients in the order in which they were heard of. */
  readonly #times = new Map<string, number[]>();

  constructor(limit: number, windowMs: number, maxClients: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#maxClients = maxClients;
  }

  /** 0 when the client may; otherwise after how many milliseconds it may again. */
  take(client: string, nowMs: number): number {
    const known = this.#times.get(client) ?? [];
    const firstInWindow = known.findIndex((timeMs) => timeMs > nowMs - this.#windowMs);
    const times = firstInWindow === -1 ? [] : known.slice(firstInWindow);
    const waitMs = times.length < this.#limit ? 0 : times[0] + this.#windowMs - nowMs;
    if (waitMs === 0) times.push(nowMs);
    this.#times.delete(client);
    this.#times.set(client, times);
    this.#forget();
    return waitMs;
  }

  /** What the client did does not count against it any more. */
  clear(client: string): void {
    this.#times.delete(client);
  }

  #forget(): void {
    for (const client of this.#times.keys()) {
      if (this.#times.size <= this.#maxClients) return;
      this.#times.delete(client);
    }
  }
}
