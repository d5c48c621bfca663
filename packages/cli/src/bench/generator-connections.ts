/** The connections of a load generator to the TCP port. */
import net from 'node:net';
import type { Address } from './generator-protocol.js';

/** More connections opened at once than this would overflow the queue of those not yet accepted. */
const openedAtOnce = 100;

/** Opens so many. @throws {Error} when one of them fails. */
export async function connectAll(address: Address, count: number): Promise<net.Socket[]> {
  const sockets: net.Socket[] = [];
  while (sockets.length < count) {
    const some = Math.min(openedAtOnce, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => connect(address)))));
  }
  return sockets;
}

function connect(address: Address): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ ...address, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      // Nobody waits for answers, but unread ones would keep the connection from closing.
      socket.resume();
      resolve(socket);
    });
  });
}

/** Rejects when one of the connections is lost before it was ended here. */
export function firstFailure(sockets: readonly net.Socket[]): Promise<never> {
  return new Promise((_, reject) => {
    for (const socket of sockets) {
      socket.on('error', reject);
      socket.on('end', () => {
        if (!socket.writableEnded) reject(new Error('the server closed a connection'));
      });
    }
  });
}
