/** What the tests of processes share: a directory and ports of their own, a log to look into, and waiting. */
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { marker, type Logger } from '@zdenergy/core';

/** A directory that others may pass through, as a data directory must be for Postgres's user. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'zdenergy-supervisor-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A port of the loopback address that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A logger that keeps its lines, each with its marker. */
export function recordingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const record = (mark: string) => (message: string) => void lines.push(`${mark} ${message}`);
  return {
    lines,
    logger: {
      starting: record(marker.starting),
      listening: record(marker.listening),
      connected: record(marker.connected),
      disconnected: record(marker.disconnected),
      warning: record(marker.warning),
      error: record(marker.error),
      fatal: record(marker.fatal),
      restarting: record(marker.restarting),
      info: record(''),
      debug: () => undefined,
      flush: () => undefined,
    },
  };
}

/** Resolves with the first result that is there. */
export async function eventually<Result>(
  look: () => Result | undefined | false | Promise<Result | undefined | false>,
  timeoutMs = 10_000,
): Promise<Result> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = await look();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${String(look)}`);
    await sleep(20);
  }
}
