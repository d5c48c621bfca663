/** Clients that come by regularly and note how they were received. */
import net from 'node:net';
import { errorCode, type Releases } from '@zdenergy/core';
import { inWords, quantile } from './figures.js';
import { ask } from './http.js';
import { eventually } from './wait.js';

/** Often, and not so often that asking itself makes the machine busy. */
const everyMs = 50;
/** Fewer answers say nothing of how long they take. */
const leastAnswers = 20;
/** Beyond it a few of hundreds wait for a busy machine rather than for zdenergy. */
const promptShare = 0.95;

/** Connects and closes at once, again and again; a connection that waits is fine, a refused one is not. */
export class SteadyClient {
  connected = 0;
  /** The system's error of each connection that failed. */
  readonly failures: string[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(port: number, everyMs: number) {
    this.#timer = setInterval(() => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('connect', () => {
        this.connected += 1;
        socket.destroy();
      });
      socket.on('error', (error) => this.failures.push(errorCode(error) ?? error.message));
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Asks for health again and again, as a monitor does that is too eager. */
export class SteadyMonitor {
  readonly tookMs: number[] = [];
  /** Questions that got no answer. */
  readonly failures: string[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(port: number, everyMs: number) {
    this.#timer = setInterval(() => {
      ask(port, '/api/health').then(
        ({ tookMs }) => this.tookMs.push(tookMs),
        (error: unknown) => this.failures.push(errorCode(error) ?? String(error)),
      );
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The time within which this share of the answers came. */
  quantileMs(share: number): number {
    return quantile(this.tookMs, share);
  }
}

/** How answers to questions about health came. */
export interface Promptness {
  readonly answers: number;
  /** Questions that got no answer. */
  readonly failures: readonly string[];
  readonly p95Ms: number;
  readonly slowestMs: number;
}

/** Asks for health all the time while `work` runs, and says how the answers came. */
export async function askingMeanwhile(
  port: number,
  releases: Releases,
  work: () => Promise<void>,
): Promise<Promptness> {
  const monitor = new SteadyMonitor(port, everyMs);
  releases.push(() => monitor.stop());
  await work();
  await eventually(() => {
    const answers = monitor.tookMs.length;
    if (answers < leastAnswers) throw new Error(`only ${answers} answers came`);
  });
  monitor.stop();
  return {
    answers: monitor.tookMs.length,
    failures: monitor.failures,
    p95Ms: monitor.quantileMs(promptShare),
    slowestMs: monitor.quantileMs(1),
  };
}

/** For the table of figures. */
export function promptnessInWords({ p95Ms, slowestMs, answers }: Promptness): string {
  return `health answered within ${inWords(p95Ms)} (p95 of ${answers}; at most ${inWords(slowestMs)})`;
}
