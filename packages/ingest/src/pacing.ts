/**
 * Pacing: a gateway that sends faster than its readings can be stored waits, and its neighbours do not.
 *
 * Readings are written and stored in the order in which they came, so what one gateway piles up the
 * others would wait behind. While too much waits, whoever has just sent more than its share is read
 * from more slowly. What always holds: a gateway within its share is never held up; one beyond it goes
 * on with at least a chunk a second.
 */

/** A share: some 2,000 readings a second, several hundred times what a gateway usually sends. */
const shareBytes = 32 * 1024;
const shareWindowMs = 100;
/** However long the backlog is, a gateway that waits sees its connection move. */
const mostWaitMs = 1_000;
/** How often it is looked whether there is room again, while somebody waits. */
const reviewEveryMs = 20;

export interface PacedSender {
  /** Stops reading from it. */
  pause(): void;
  resume(): void;
}

interface Account {
  /** Which window its bytes are of. */
  window: number;
  bytes: number;
}

export class Pacing<Sender extends PacedSender> {
  readonly #isTooMuch: () => boolean;
  /** Since when each waits. */
  readonly #waiting = new Map<Sender, number>();
  readonly #accounts = new WeakMap<Sender, Account>();
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param isTooMuch whether so much waits to be written or stored that neighbours would notice. */
  constructor(isTooMuch: () => boolean) {
    this.#isTooMuch = isTooMuch;
  }

  isWaiting(sender: Sender): boolean {
    return this.#waiting.has(sender);
  }

  /** A chunk was taken from the sender, which may have to wait now. */
  took(sender: Sender, bytes: number, nowMs: number): void {
    const account = this.#accountOf(sender, Math.floor(nowMs / shareWindowMs));
    account.bytes += bytes;
    if (account.bytes <= shareBytes || this.#isStopped || !this.#isTooMuch()) return;
    this.#waiting.set(sender, nowMs);
    sender.pause();
    this.#timer ??= setInterval(() => this.review(), reviewEveryMs);
  }

  /** To be called when there may be room again; while somebody waits, it is done now and then too. */
  review(): void {
    if (this.#waiting.size === 0) return;
    const latestMs =
      this.#isStopped || !this.#isTooMuch() ? Infinity : performance.now() - mostWaitMs;
    for (const [sender, sinceMs] of this.#waiting) {
      // They are in the order in which they began to wait.
      if (sinceMs > latestMs) break;
      this.#waiting.delete(sender);
      sender.resume();
    }
    if (this.#waiting.size === 0) this.#stopTimer();
  }

  /** Lets all go on, from now on. */
  stop(): void {
    this.#isStopped = true;
    this.review();
  }

  /** The sender has gone. */
  forget(sender: Sender): void {
    this.#waiting.delete(sender);
    if (this.#waiting.size === 0) this.#stopTimer();
  }

  /** Nobody waits any more, by the word of somebody else who lets all go on, or has stopped all. */
  clear(): void {
    this.#waiting.clear();
    this.#stopTimer();
  }

  #accountOf(sender: Sender, window: number): Account {
    let account = this.#accounts.get(sender);
    if (account === undefined) {
      account = { window, bytes: 0 };
      this.#accounts.set(sender, account);
    } else if (account.window !== window) {
      account.window = window;
      account.bytes = 0;
    }
    return account;
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
