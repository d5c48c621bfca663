/**
 * A link to a server on this machine that delays every packet, in both directions.
 *
 * What always holds: packets stay whole and in order, however the delay changes; the ends of
 * connections are passed on like packets.
 */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Releases } from '@zdenergy/core';
import { freePort } from './ports.js';

export class SlowLink {
  /** Of each packet that comes from now on; half of a round trip. */
  delayMs = 0;
  readonly port: number;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(port: number, to: number) {
    this.port = port;
    this.#server = net.createServer({ allowHalfOpen: true }, (near) => {
      const far = net.connect({ port: to, host: '127.0.0.1', allowHalfOpen: true });
      this.#pass(near, far);
      this.#pass(far, near);
    });
  }

  static async open(to: number, releases: Releases): Promise<SlowLink> {
    const link = new SlowLink(await freePort(), to);
    releases.push(() => link.#close());
    await new Promise<void>((resolve) => link.#server.listen(link.port, '127.0.0.1', resolve));
    return link;
  }

  #pass(from: net.Socket, to: net.Socket): void {
    this.#sockets.add(from);
    let last = Promise.resolve();
    /** After what came before, and no sooner than the delay. */
    const later = (act: () => void): void => {
      const arrives = sleep(this.delayMs);
      last = Promise.all([last, arrives]).then(act);
    };
    from.setNoDelay(true);
    from.on('data', (bytes) => later(() => to.write(bytes)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      later(() => to.destroy());
    });
  }

  #close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
