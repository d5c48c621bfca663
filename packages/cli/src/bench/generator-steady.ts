/**
 * Gateways that must not be given up on: each sends at a steady rate, connects again whenever its
 * connection ends, and, where it is answered, sends again what was not acknowledged.
 *
 * What always holds: a reading is due at its moment, whatever happens meanwhile; one that is due
 * while there is no connection is sent over the next; without answers nothing is sent twice, so that
 * what a dying connection has swallowed is lost.
 */
import net from 'node:net';
import {
  cpuSecondsSince,
  monotonicMs,
  type Address,
  type Answering,
  type Questions,
} from './generator-protocol.js';
import { clockText, jsonLine, timeMs } from './payload.js';

const tickMs = 5;
const reconnectMs = 20;
/** For the last acknowledgements, and for a server that restarts. */
const patienceMs = 60_000;

class Gateway {
  reconnects = -1;
  readonly #address: Address;
  readonly #ack: boolean;
  /** By number: with answers all that is not acknowledged, else what waits for a connection. */
  readonly #waiting = new Map<number, string>();
  #socket: net.Socket | undefined;
  #isOpen = false;
  #isEnding = false;

  constructor(address: Address, ack: boolean) {
    this.#address = address;
    this.#ack = ack;
    this.#connect();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(number: number, line: string): void {
    if (this.#ack || !this.#isOpen) this.#waiting.set(number, line);
    if (this.#isOpen) this.#socket?.write(line);
  }

  end(): Promise<void> {
    this.#isEnding = true;
    return new Promise((resolve) => {
      if (!this.#isOpen) resolve();
      this.#socket?.once('close', () => resolve());
      this.#socket?.end();
    });
  }

  #connect(): void {
    const socket = net.connect({ ...this.#address, noDelay: true });
    this.#socket = socket;
    socket.on('connect', () => {
      this.#isOpen = true;
      this.reconnects += 1;
      socket.write([...this.#waiting.values()].join(''));
      if (!this.#ack) this.#waiting.clear();
    });
    let rest = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#answered(line);
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.#isOpen = false;
      if (!this.#isEnding) setTimeout(() => this.#connect(), reconnectMs);
    });
  }

  #answered(line: string): void {
    const { ack } = JSON.parse(line) as { readonly ack?: number };
    if (ack !== undefined) this.#waiting.delete(ack);
  }
}

class Steady {
  readonly #question: Questions['steady'];
  readonly #gateways: readonly Gateway[];
  readonly #startedAtMs = monotonicMs();
  readonly #cpuBefore = process.cpuUsage();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #lateMs = 0;

  constructor(question: Questions['steady']) {
    const { series, ack, host, port } = question;
    this.#question = question;
    this.#gateways = Array.from({ length: series.sensors }, () => new Gateway({ host, port }, ack));
    this.#timer = setInterval(() => this.#sendDue(), tickMs);
  }

  #sendDue(): void {
    const { series, perSecond, ack } = this.#question;
    const elapsedMs = monotonicMs() - this.#startedAtMs;
    const due = Math.floor((elapsedMs * perSecond) / 1_000);
    for (; this.#sent < due; this.#sent += 1) {
      const number = this.#sent;
      const gateway = this.#gateways[number % series.sensors];
      const line = jsonLine(series, number, clockText(timeMs(series, number)));
      if (gateway.isOpen) {
        this.#lateMs = Math.max(this.#lateMs, elapsedMs - (number * 1_000) / perSecond);
      }
      gateway.send(number, ack ? line.replace('}', `,"seq":${number}}`) : line);
    }
  }

  async finish(): ReturnType<Answering<'finish'>['finish']> {
    clearInterval(this.#timer);
    const deadline = monotonicMs() + patienceMs;
    const waiting = (): number => this.#gateways.reduce((sum, gateway) => sum + gateway.waiting, 0);
    while (waiting() > 0 && monotonicMs() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, tickMs));
    }
    const unacknowledged = waiting();
    await Promise.all(this.#gateways.map((gateway) => gateway.end()));
    return {
      sent: this.#sent,
      unacknowledged,
      reconnects: this.#gateways.reduce((sum, { reconnects }) => sum + reconnects, 0),
      lateMs: this.#lateMs,
      cpuSeconds: cpuSecondsSince(this.#cpuBefore),
    };
  }
}

let steady: Steady | undefined;

export const steadily: Answering<'steady' | 'finish'> = {
  async steady(question) {
    steady = new Steady(question);
    return {};
  },
  async finish() {
    if (steady === undefined) throw new Error('nothing is being sent');
    const answer = await steady.finish();
    steady = undefined;
    return answer;
  },
};
