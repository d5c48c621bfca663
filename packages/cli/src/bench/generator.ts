/**
 * The load generator's process: answers the questions of generator-protocol.ts.
 *
 * What always holds: bytes are made before they are sent, so that it can send faster than anything
 * could take them in; it ends with the process that started it.
 */
import net from 'node:net';
import { describeError } from '@zdenergy/core';
import {
  cpuSecondsSince,
  dueMs,
  monotonicMs,
  type Address,
  type Answers,
  type Kind,
  type Question,
  type Questions,
  type Reply,
} from './generator-protocol.js';
import { clockText, jsonChunks, jsonLine, timeMs } from './payload.js';

/** More connections opened at once than this would overflow the queue of those not yet accepted. */
const openedAtOnce = 100;

/** What each connection of the next flood sends. */
let prepared: Buffer[][] = [];
let gateways: net.Socket[] = [];

const answer: { [K in Kind]: (question: Questions[K]) => Promise<Answers[K]> } = {
  async prepare({ plan, connections }) {
    prepared = [];
    prepared = Array.from({ length: connections }, (_, index) =>
      jsonChunks(plan, index, connections),
    );
    return { bytes: prepared.flat().reduce((sum, { length }) => sum + length, 0) };
  },

  async flood(address) {
    const sockets = await connectAll(address, prepared.length);
    const failed = firstFailure(sockets);
    const cpuBefore = process.cpuUsage();
    const firstByteAtMs = monotonicMs();
    await Promise.race([
      failed,
      Promise.all(sockets.map((socket, i) => pour(socket, prepared[i]))),
    ]);
    const lastByteAtMs = monotonicMs();
    return { firstByteAtMs, lastByteAtMs, cpuSeconds: cpuSecondsSince(cpuBefore) };
  },

  async connect({ connections, ...address }) {
    gateways = await connectAll(address, connections);
    return {};
  },

  async send({ plan, schedule }) {
    const failed = firstFailure(gateways);
    const cpuBefore = process.cpuUsage();
    const sentAtMs: number[] = [];
    const sendAll = async (): Promise<void> => {
      for (let next = 0; next < plan.readings;) {
        const waitMs = dueMs(plan, schedule, next) - monotonicMs();
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
        for (; next < plan.readings && dueMs(plan, schedule, next) <= monotonicMs(); next += 1) {
          const line = jsonLine(plan, next, clockText(timeMs(plan, next)));
          sentAtMs.push(monotonicMs());
          gateways[next % plan.sensors].write(line);
        }
      }
    };
    await Promise.race([failed, sendAll()]);
    const cpuSeconds = cpuSecondsSince(cpuBefore);
    for (const socket of gateways) socket.end();
    gateways = [];
    return { sentAtMs, cpuSeconds };
  },
};

async function connectAll(address: Address, count: number): Promise<net.Socket[]> {
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
function firstFailure(sockets: readonly net.Socket[]): Promise<never> {
  return new Promise((_, reject) => {
    for (const socket of sockets) {
      socket.on('error', reject);
      socket.on('end', () => {
        if (!socket.writableEnded) reject(new Error('the server closed a connection'));
      });
    }
  });
}

/** Writes all and ends; resolves when the network has taken the last byte. */
function pour(socket: net.Socket, chunks: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    socket.uncork();
    socket.end(resolve);
  });
}

async function reply<K extends Kind>({ kind, question }: Question<K>): Promise<Reply> {
  try {
    return { kind, answer: await answer[kind](question) };
  } catch (error) {
    return { problem: describeError(error) };
  }
}

process.on('message', (message: Question) => {
  void reply(message).then((answered) => process.send?.(answered));
});
process.on('disconnect', () => {
  for (const socket of gateways) socket.destroy();
});
