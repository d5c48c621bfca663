/**
 * A gateway that must not lose anything: it sends readings at a steady rate, connects again
 * whenever its connection ends, and sends again what was not acknowledged.
 *
 * What always holds: every reading differs from all others in its time, so that the rows of its
 * sensor can be compared with `acked`; a reading counts as acknowledged once, however often it was
 * sent.
 */
import net from 'node:net';
import type { Sender } from './account.js';
import { numberedReading } from './numbered-reading.js';
import { eventually } from './wait.js';

const tickMs = 10;
const reconnectMs = 20;

interface Unanswered {
  readonly line: string;
  /** When it was sent first. */
  readonly sentAtMs: number;
}

export class SteadyGateway implements Sender {
  readonly sensorId: string;
  /** The sequence numbers that were acknowledged. */
  readonly acked = new Set<number>();
  /** Readings sent more than once, each time counted. */
  resent = 0;
  /** Answers other than an acknowledgement, as they came. */
  readonly surprises: string[] = [];
  /** Connections that the system refused, which it never should. */
  refused = 0;
  connections = 0;
  /** The longest time from sending a reading to its acknowledgement. */
  slowestAckMs = 0;
  readonly #port: number;
  readonly #perSecond: number;
  readonly #unanswered = new Map<number, Unanswered>();
  #sent = 0;
  #startedAtMs = 0;
  #socket: net.Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reconnect: NodeJS.Timeout | undefined;

  /** The server must answer: TCP_ACK=on. @param perSecond its rate, once it was started. */
  constructor(port: number, sensorId: string, perSecond = 0) {
    this.#port = port;
    this.sensorId = sensorId;
    this.#perSecond = perSecond;
  }

  /** How many different readings it has sent. */
  get sent(): number {
    return this.#sent;
  }

  /** How many of these were not acknowledged yet. */
  get unacknowledged(): number {
    return this.#unanswered.size;
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === 'open';
  }

  /** Connects, and sends at its rate from now on. */
  start(): this {
    this.#startedAtMs = performance.now();
    this.#timer = setInterval(() => this.#sendDue(), tickMs);
    return this.connect();
  }

  /** Connects, and stays connected; for somebody with a clock of his own, who calls `send`. */
  connect(): this {
    this.#connect();
    return this;
  }

  /** Sends so many new readings, now or once it is connected. */
  send(count: number): void {
    const sentAtMs = performance.now();
    let lines = '';
    for (const end = this.#sent + count; this.#sent < end; this.#sent += 1) {
      const line = numberedReading(this.sensorId, this.#sent);
      this.#unanswered.set(this.#sent, { line, sentAtMs });
      lines += line;
    }
    if (this.isConnected && lines !== '') this.#socket?.write(lines);
  }

  /** Sends nothing new any more; resolves once all that it sent was acknowledged. */
  async finish(withinMs?: number): Promise<void> {
    clearInterval(this.#timer);
    await eventually(() => {
      const open = this.#unanswered.size;
      if (open > 0) throw new Error(`${open} of ${this.#sent} readings were not acknowledged`);
    }, withinMs);
    this.destroy();
  }

  destroy(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#reconnect);
    this.#socket?.removeAllListeners('close').destroy();
  }

  #connect(): void {
    const socket = net.connect(this.#port, '127.0.0.1');
    this.#socket = socket;
    let unfinished = '';
    socket.setNoDelay(true).setEncoding('utf8');
    socket.on('connect', () => {
      this.connections += 1;
      // What was due before the first connection stood is sent for the first time.
      if (this.connections > 1) this.resent += this.#unanswered.size;
      socket.write([...this.#unanswered.values()].map(({ line }) => line).join(''));
    });
    socket.on('data', (text: string) => {
      const lines = (unfinished + text).split('\n');
      unfinished = lines.pop() ?? '';
      for (const line of lines) this.#receive(line);
    });
    socket.on('error', (error) => {
      if ('code' in error && error.code === 'ECONNREFUSED') this.refused += 1;
    });
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.#reconnect = setTimeout(() => this.#connect(), reconnectMs);
    });
  }

  #sendDue(): void {
    const dueMs = performance.now() - this.#startedAtMs;
    this.send(Math.floor((dueMs / 1_000) * this.#perSecond) - this.#sent);
  }

  #receive(line: string): void {
    const { ack } = JSON.parse(line) as { ack?: number };
    if (ack === undefined) {
      this.surprises.push(line);
      return;
    }
    const { sentAtMs = performance.now() } = this.#unanswered.get(ack) ?? {};
    this.slowestAckMs = Math.max(this.slowestAckMs, performance.now() - sentAtMs);
    this.#unanswered.delete(ack);
    this.acked.add(ack);
  }
}
