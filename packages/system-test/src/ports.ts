/**
 * Free ports for servers under test.
 *
 * They lie below the range from which Linux takes the ports of outgoing connections (32768 and up):
 * a port that stays free while a server restarts must not be taken by one of its clients.
 */
import net from 'node:net';

const firstPort = 26_000;
const portCount = 2_000;

let next = firstPort + Math.floor(Math.random() * portCount);

/** A port that nobody listens on; never the same twice in a process, as long as there are others. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < portCount; tries += 1) {
    const port = next;
    next = next + 1 < firstPort + portCount ? next + 1 : firstPort;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${firstPort} to ${firstPort + portCount - 1} is free`);
}

/** Whether a server can listen on the port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  });
}
