/** A server that reads what comes and forgets it: what the load generator can reach at all. */
import { once } from 'node:events';
import net from 'node:net';
import type { LoadGenerator } from './load-generator.js';
import { monotonicMs } from './generator-protocol.js';

/** Readings per second from the first byte sent to the last one read, of those it has prepared. */
export async function rateAgainstSink(
  generator: LoadGenerator,
  readings: number,
  connections: number,
): Promise<number> {
  let open = connections;
  const server = net.createServer((socket) => {
    socket.resume();
    socket.on('end', () => {
      open -= 1;
      if (open === 0) server.close();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port for the sink');
  const closed = once(server, 'close').then(monotonicMs);
  const { firstByteAtMs } = await generator.ask('flood', { host: '127.0.0.1', port: address.port });
  return readings / (((await closed) - firstByteAtMs) / 1_000);
}
