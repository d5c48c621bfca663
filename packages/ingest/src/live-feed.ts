/**
 * The newest readings for the live view, a few times a second and never more than fit.
 *
 * What always holds: memory and the size of a message are bounded; when readings come faster than
 * they are taken, the oldest are left out, which the count that goes with the rows tells.
 */
import { endOfRow } from '@zdenergy/storage';

/** Live means that a person sees no delay. */
const intervalMs = 250;
/** Some thousand readings: as many as the live view holds. */
const maxBytes = 128 * 1024;

export class LiveFeed {
  readonly #send: (rows: Buffer, readings: number) => boolean;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Since the start: those that wait, were sent or were left out. */
  #readings = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * `send` returns false when the last message is still on its way. It gets rows, and how many
   * readings there were up to the last of them.
   */
  constructor(send: (rows: Buffer, readings: number) => boolean) {
    this.#send = send;
  }

  start(): void {
    this.#timer = setInterval(() => this.#flush(), intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes a copy of the newest of these rows. */
  push(rows: Buffer, count: number): void {
    if (rows.length === 0) return;
    this.#readings += count;
    const newest = tail(rows);
    this.#waiting.push(Buffer.from(newest));
    this.#waitingBytes += newest.length;
    while (this.#waitingBytes > maxBytes && this.#waiting.length > 1) {
      this.#waitingBytes -= this.#waiting.shift()?.length ?? 0;
    }
  }

  #flush(): void {
    if (this.#waitingBytes === 0) return;
    if (!this.#send(Buffer.concat(this.#waiting), this.#readings)) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

/** The last whole rows that fit. */
function tail(rows: Buffer): Buffer {
  let start = 0;
  while (rows.length - start > maxBytes) start = endOfRow(rows, start);
  return rows.subarray(start);
}
