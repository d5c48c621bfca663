/**
 * Visitors: each comes on a connection of its own, wants one thing, and comes back until it was
 * served.
 *
 * What always holds: a visitor that was refused is not served, however often it would come back;
 * one whose connection ends early, since its server was killed, comes again.
 */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '@zdenergy/core';
import type { Sender } from './account.js';
import { numberedReading } from './numbered-reading.js';

/** A visitor that waits longer than this on one connection was not served on it. */
const patienceMs = 10_000;
const comesBackMs = 20;
const maxTries = 20;

export interface Visit {
  /** The connections that it took. */
  readonly tries: number;
  /** From the first connecting until it was served. */
  readonly tookMs: number;
}

/** Tries until `attempt` succeeds. @throws when the connection is refused, or it never succeeds. */
export async function visit(attempt: () => Promise<unknown>): Promise<Visit> {
  const startedAtMs = performance.now();
  for (let tries = 1; ; tries += 1) {
    try {
      await attempt();
      return { tries, tookMs: performance.now() - startedAtMs };
    } catch (error) {
      if (errorCode(error) === 'ECONNREFUSED' || tries === maxTries) throw error;
    }
    await sleep(comesBackMs);
  }
}

/** Connects and sends one numbered reading; resolves when it is acknowledged. @throws otherwise. */
export function deliver(port: number, sensorId: string, seq: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.write(numberedReading(sensorId, seq));
    });
    let answer = '';
    socket.setNoDelay(true).setEncoding('utf8').setTimeout(patienceMs);
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.includes('\n')) socket.destroy();
    });
    socket.on('end', () => socket.destroy());
    socket.on('timeout', () => socket.destroy());
    socket.on('error', reject);
    socket.on('close', () => {
      if (answer === `{"ack":${seq}}\n`) resolve();
      else reject(new Error(`no acknowledgement, but '${answer}'`));
    });
  });
}

/** A new visitor every so often, whether or not those before were served; each with its number. */
export class Visitors implements Sender {
  readonly sensorId: string;
  /** Those that were served. */
  readonly acked = new Set<number>();
  /** The system's error of each that was not. */
  readonly failures: string[] = [];
  readonly visits: Visit[] = [];
  sent = 0;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<void>>();

  constructor(name: string, everyMs: number, attempt: (number: number) => Promise<unknown>) {
    this.sensorId = name;
    this.#timer = setInterval(() => {
      const number = this.sent;
      this.sent += 1;
      const done = this.#send(number, () => attempt(number));
      this.#underWay.add(done);
      void done.then(() => this.#underWay.delete(done));
    }, everyMs);
  }

  /** Visitors that had to come more than once. */
  get cameAgain(): number {
    return this.visits.filter(({ tries }) => tries > 1).length;
  }

  get longestMs(): number {
    return Math.max(...this.visits.map(({ tookMs }) => tookMs));
  }

  /** Nobody comes any more; resolves once all that came were served, or never will be. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }

  async #send(number: number, attempt: () => Promise<unknown>): Promise<void> {
    try {
      this.visits.push(await visit(attempt));
      this.acked.add(number);
    } catch (error) {
      this.failures.push(errorCode(error) ?? String(error));
    }
  }
}
