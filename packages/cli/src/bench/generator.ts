/**
 * A load generator's process: answers the questions of generator-protocol.ts.
 *
 * What always holds: it ends with the process that started it.
 */
import type net from 'node:net';
import { describeError } from '@zdenergy/core';
import { connectAll, firstFailure } from './generator-connections.js';
import { flooding } from './generator-flood.js';
import { visiting } from './generator-http.js';
import {
  cpuSecondsSince,
  dueMs,
  monotonicMs,
  type Answering,
  type Kind,
  type Question,
  type Reply,
} from './generator-protocol.js';
import { steadily } from './generator-steady.js';
import { clockText, jsonLine, timeMs } from './payload.js';

let gateways: net.Socket[] = [];

const onSchedule: Answering<'connect' | 'send'> = {
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

const answer: Answering<Kind> = { ...flooding, ...onSchedule, ...steadily, ...visiting };

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
// Whatever is under way: nobody is left to hear of it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
