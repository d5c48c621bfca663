/**
 * One client of the stream: what it asked for, and what it has yet to take.
 *
 * What always holds: at most `maxUnsentBytes` and one event more wait for a client, whatever it
 * does; what it gets no reading of is counted, and told as soon as it takes something again. Of
 * status and export only the latest matters, so those wait as one each.
 */
import type { ServerResponse } from 'node:http';
import { heartbeat, serverSentEvent } from './server-sent-event.js';
import type { ReadingEvents } from './reading-event.js';

/** From the interface: more unsent than this and readings are left out; for longer, it is disconnected. */
const maxUnsentBytes = 256 * 1024;
const maxSlowMs = 30_000;
/** Whoever reads at all has read the rest by then. */
const lastWordsMs = 200;

export class StreamClient {
  readonly #response: ServerResponse;
  readonly #sensorIds: ReadonlySet<string> | undefined;
  #missed = 0;
  /** Since when too much waits for it, by the monotonic clock. */
  #slowSinceMs: number | undefined;
  #lateStatus: Buffer | undefined;
  #lateExport: Buffer | undefined;

  /** `sensorIds`: whose readings it gets; undefined: all. */
  constructor(response: ServerResponse, sensorIds: ReadonlySet<string> | undefined) {
    this.#response = response;
    this.#sensorIds = sensorIds;
  }

  sendReadings(events: ReadingEvents): void {
    const event = events.of(this.#sensorIds);
    if (event === null) return;
    if (this.#isFull) {
      this.#missed += event.count;
      return;
    }
    this.#sendLate();
    this.#response.write(event.bytes);
  }

  /** Readings were left out before they came here; how many of them it had asked for, nobody knows. */
  miss(readings: number): void {
    this.#missed += readings;
  }

  sendStatus(event: Buffer): void {
    this.#lateStatus = event;
    this.#sendLate();
  }

  sendExport(event: Buffer): void {
    this.#lateExport = event;
    this.#sendLate();
  }

  sendHeartbeat(): void {
    if (!this.#isFull) this.#response.write(heartbeat);
  }

  /** To be called now and then: sends what had to wait, and gives up a client that is slow for long. */
  check(nowMs: number): void {
    if (!this.#isFull) {
      this.#slowSinceMs = undefined;
      this.#sendLate();
      return;
    }
    this.#slowSinceMs ??= nowMs;
    if (nowMs - this.#slowSinceMs >= maxSlowMs) this.#response.destroy();
  }

  /** Ends the stream; a client that does not take the rest soon loses it. */
  end(): void {
    const cut = setTimeout(() => this.#response.destroy(), lastWordsMs);
    this.#response.once('close', () => clearTimeout(cut));
    this.#response.end();
  }

  get #isFull(): boolean {
    return this.#response.writableLength > maxUnsentBytes;
  }

  #sendLate(): void {
    if (this.#isFull) return;
    if (this.#missed > 0) {
      this.#response.write(serverSentEvent('missed', `{"readings":${this.#missed}}`));
      this.#missed = 0;
    }
    if (this.#lateStatus !== undefined) this.#response.write(this.#lateStatus);
    if (this.#lateExport !== undefined) this.#response.write(this.#lateExport);
    this.#lateStatus = undefined;
    this.#lateExport = undefined;
  }
}
