/**
 * The way of messages to one channel: one at a time, tried again until it is taken.
 *
 * What always holds: no message waits here. Each try asks anew what there is to tell, so that after an
 * outage the channel gets the newest; a receiver that is slow or away holds up nobody else; an outage is
 * logged once, and its end.
 */
import { describeError, within, type Logger } from '@zdenergy/core';
import type { Message } from './alert-message.js';
import type { News } from './alert-news.js';
import type { Channel } from './channel.js';
import { withDeadline } from './deadline.js';

/** Enough for a slow receiver; it is told again with the same id if it took the message later still. */
const usualTimes = { sendTimeoutMs: 20_000, firstRetryMs: 5_000 };
const maxRetryMs = 300_000;

/** How long to wait after so many failures in a row. */
export const retryMs = (failures: number, firstRetryMs = usualTimes.firstRetryMs): number =>
  Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 20));

export interface Pending {
  readonly news: News;
  readonly message: Message;
}

export interface DeliveryParts {
  readonly channel: Channel;
  /** What there is to tell now; undefined: nothing. */
  readonly next: () => Pending | undefined;
  /** The receiver has taken it. */
  readonly delivered: (news: News) => void;
  readonly logger: Logger;
  /** Other than usual in tests. */
  readonly times?: typeof usualTimes;
}

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #abort = new AbortController();
  #sending: Promise<void> | undefined;
  #isStopping = false;
  #failures = 0;
  /** By the monotonic clock. */
  #nextTryAtMs = 0;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Sends what there is, unless it is at it or waits after a failure; returns at once. */
  poke(): void {
    if (this.#sending !== undefined || this.#isStopping) return;
    if (performance.now() < this.#nextTryAtMs) return;
    const next = this.#parts.next();
    if (next === undefined) return;
    this.#sending = this.#send(next.news, next.message).then((isTaken) => {
      this.#sending = undefined;
      // Something may have come meanwhile.
      if (isTaken) this.poke();
    });
  }

  /** Lets a message that is on its way arrive, for so long. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    const sending = this.#sending;
    if (sending !== undefined) await within(sending, graceMs);
    this.#abort.abort();
  }

  /** Never rejects. */
  async #send(news: News, message: Message): Promise<boolean> {
    const { channel, delivered, logger, times = usualTimes } = this.#parts;
    try {
      await withDeadline(this.#abort.signal, times.sendTimeoutMs, (signal) =>
        channel.send(message, signal),
      );
    } catch (error) {
      this.#failures += 1;
      const waitMs = retryMs(this.#failures, times.firstRetryMs);
      this.#nextTryAtMs = performance.now() + waitMs;
      const what = `"${message.subject}" could not be told to ${channel.label}: ${describeError(error)}.`;
      if (this.#failures > 1 || this.#isStopping) logger.debug(what);
      else logger.error(`${what} It is tried again until it works.`);
      return false;
    }
    if (this.#failures > 0) logger.listening(`${capitalized(channel.label)} takes alerts again`);
    logger.info(`Told ${channel.label}: ${message.subject}`);
    this.#failures = 0;
    delivered(news);
    return true;
  }
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
