/**
 * Sends one raw text as a gateway would: on a connection of its own, closed at once.
 *
 * A server that has closed its side in turn has made what it took durable. What always holds: it
 * ends, well or not, within its time.
 */
import net from 'node:net';
import { describeError, formatDuration } from '@zdenergy/core';

/** A disk that is full lets gateways wait; then the answer is no answer. */
const timeoutMs = 15_000;
/** A server that refuses this machine closes at once; this long it is given to show it. */
const refusalMs = 150;

export interface Delivery {
  /** Our address and port, as the server sees them unless a router stands between. */
  readonly peer: string;
  /** By this machine's clock. */
  readonly sentAtMs: number;
  readonly closedAtMs: number;
}

/**
 * Resolves once the server has closed. `careful`: looks first whether the server lets us in.
 * @throws {Error} saying what to do.
 */
export async function deliver(
  host: string,
  port: number,
  raw: string,
  careful: boolean,
): Promise<Delivery> {
  const where = `${host}:${port}`;
  const socket = net.connect({ host, port, allowHalfOpen: true });
  // The server must be free to answer.
  socket.resume();
  const closed = new Promise<void>((resolve, reject) => {
    socket.on('end', resolve);
    socket.on('error', (error) => {
      reject(
        new Error(
          `The server at ${where} cannot be reached: ${describeError(error)}. Is it running?`,
        ),
      );
    });
    socket.setTimeout(timeoutMs, () => {
      const waited = formatDuration(timeoutMs);
      reject(
        new Error(
          `The server at ${where} has not confirmed within ${waited} that it kept what it was ` +
            'sent. Is its disk full, or its worker hung? /api/health says so.',
        ),
      );
    });
  });
  try {
    await Promise.race([closed, new Promise<void>((resolve) => socket.once('connect', resolve))]);
    if (careful) {
      const first = await Promise.race([closed.then(() => 'closed'), pause(refusalMs)]);
      if (first === 'closed') {
        throw new Error(
          `The server at ${where} does not let this machine in. Is its address in TCP_ALLOW? Are ` +
            'there too many connections?',
        );
      }
    }
    const peer = `${socket.localAddress?.replace(/^::ffff:/, '') ?? ''}:${socket.localPort ?? 0}`;
    const sentAtMs = Date.now();
    socket.end(raw);
    await closed;
    return { peer, sentAtMs, closedAtMs: Date.now() };
  } finally {
    closed.catch(() => undefined);
    socket.destroy();
  }
}

const pause = (ms: number): Promise<'open'> =>
  new Promise((resolve) => setTimeout(() => resolve('open'), ms));
