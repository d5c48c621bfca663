/**
 * Many connections at once that say nothing.
 *
 * What always holds: one that the server ends, or that it never accepts, is no error.
 */
import net from 'node:net';
import type { Releases } from '@zdenergy/core';

export class Flood {
  #open = 0;
  readonly #sockets: net.Socket[];

  constructor(port: number, count: number, releases: Releases) {
    this.#sockets = Array.from({ length: count }, () => {
      const socket = net.connect(port, '127.0.0.1', () => (this.#open += 1));
      socket.on('error', () => undefined);
      socket.once('close', () => (this.#open -= 1));
      return socket.resume();
    });
    releases.push(() => this.end());
  }

  /** How many are connected, by their own account. */
  get open(): number {
    return this.#open;
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
