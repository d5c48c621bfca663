/**
 * Sending as fast as it is taken: what was made before, or ever new readings.
 *
 * What always holds: sending costs no more than sending, so that it is faster than anything could
 * take it in; with ever new readings, memory stays bounded by what one connection may hold back.
 */
import { once } from 'node:events';
import type net from 'node:net';
import { connectAll, firstFailure } from './generator-connections.js';
import { cpuSecondsSince, monotonicMs, type Answering } from './generator-protocol.js';
import { EndlessReadings, jsonChunks } from './payload.js';

/** What each connection of the next flood sends. */
let prepared: Buffer[][] = [];

export const flooding: Answering<'prepare' | 'flood' | 'pour'> = {
  async prepare({ plan, connections, resentShare = 0 }) {
    prepared = [];
    prepared = jsonChunks(plan, connections, resentShare);
    return { bytes: prepared.flat().reduce((sum, { length }) => sum + length, 0) };
  },

  async flood(address) {
    const sockets = await connectAll(address, prepared.length);
    return timed(sockets, () =>
      Promise.all(sockets.map((socket, index) => sendPrepared(socket, prepared[index]))),
    );
  },

  async pour({ series, connections, durationMs, ...address }) {
    const sockets = await connectAll(address, connections);
    const endless = sockets.map((_, index) => new EndlessReadings(series, index, connections));
    const endsAtMs = monotonicMs() + durationMs;
    const sent = await timed(sockets, () =>
      Promise.all(sockets.map((socket, index) => sendUntil(socket, endless[index], endsAtMs))),
    );
    return { ...sent, readings: endless.reduce((sum, { made }) => sum + made, 0) };
  },
};

async function timed(
  sockets: readonly net.Socket[],
  send: () => Promise<unknown>,
): Promise<{ firstByteAtMs: number; lastByteAtMs: number; cpuSeconds: number }> {
  const failed = firstFailure(sockets);
  const cpuBefore = process.cpuUsage();
  const firstByteAtMs = monotonicMs();
  await Promise.race([failed, send()]);
  return { firstByteAtMs, lastByteAtMs: monotonicMs(), cpuSeconds: cpuSecondsSince(cpuBefore) };
}

/** Writes all and ends; resolves when the network has taken the last byte. */
function sendPrepared(socket: net.Socket, chunks: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    socket.uncork();
    socket.end(resolve);
  });
}

async function sendUntil(
  socket: net.Socket,
  readings: EndlessReadings,
  endsAtMs: number,
): Promise<void> {
  do {
    if (!socket.write(readings.chunk())) await once(socket, 'drain');
  } while (monotonicMs() < endsAtMs);
  await new Promise<void>((resolve) => socket.end(resolve));
}
