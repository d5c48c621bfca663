/** Clients that come by regularly and note how they were received. */
import net from 'node:net';
import { errorCode } from '@zdenergy/core';
import { quantile } from './figures.js';
import { ask } from './http.js';

/** Connects and closes at once, again and again; a connection that waits is fine, a refused one is not. */
export class SteadyClient {
  connected = 0;
  /** The system's error of each connection that failed. */
  readonly failures: string[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(port: number, everyMs: number) {
    this.#timer = setInterval(() => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('connect', () => {
        this.connected += 1;
        socket.destroy();
      });
      socket.on('error', (error) => this.failures.push(errorCode(error) ?? error.message));
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Asks for health again and again, as a monitor does that is too eager. */
export class SteadyMonitor {
  readonly tookMs: number[] = [];
  /** Questions that got no answer. */
  readonly failures: string[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(port: number, everyMs: number) {
    this.#timer = setInterval(() => {
      ask(port, '/api/health').then(
        ({ tookMs }) => this.tookMs.push(tookMs),
        (error: unknown) => this.failures.push(errorCode(error) ?? String(error)),
      );
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The time within which this share of the answers came. */
  quantileMs(share: number): number {
    return quantile(this.tookMs, share);
  }
}
