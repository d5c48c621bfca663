/**
 * All gateway connections of this worker: who may connect, who is idle, who must wait.
 *
 * What always holds: the number of connections is bounded, in all and per address, with descriptors
 * left for the journal and the database; who completes no object for too long loses its place; when the intake is blocked every connection pauses at once;
 * one that sends more than its share does not delay the others; the log tells of single events but
 * sums up storms.
 */
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import {
  describeError,
  errorCode,
  formatDuration,
  type Logger,
  type Settings,
} from '@zdenergy/core';
import type { Intake } from '@zdenergy/storage';
import { addressOf, Admission } from './admission.js';
import { Connection, type ConnectionEvents } from './connection.js';
import type { Decoder } from './decoding.js';
import { EventSummary } from './event-summary.js';
import { GatewayTable } from './gateway-table.js';
import type { Acceptor } from './listeners.js';
import { Pacing } from './pacing.js';
import { UnfinishedObjects } from './unfinished-objects.js';

/** A gateway behind a link that went down is found out while its neighbours still send. */
const keepAliveMs = 30_000;
/** Often, so that an idle timeout is kept to a fraction of a second. */
const sweepEveryMs = 250;
/** A sweep this late means that the process did not run, rather than that it was busy. */
const lateSweepMs = 2_000;
const summaryEveryMs = 10_000;
const descriptorsEveryMs = 2_000;
const descriptorsAdvice = 'Are there file descriptors left? (ulimit -n; lower TCP_MAX_CONNECTIONS)';
/** What the system says of a connection whose other end no longer answers. */
const unansweredCodes = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);
/** How long a stopping worker still reads what was on its way. */
const lastReadsMs = 300;

type Event =
  | 'connected'
  | 'disconnected'
  | 'timeout'
  | 'refused'
  | 'handshake'
  | 'rejected'
  | 'unread'
  | 'failed';

export interface GatewayCounts {
  open: number;
  opened: number;
  closed: number;
  refused: number;
  timedOut: number;
  bytesReceived: number;
  noiseBytes: number;
}

export class Gateways implements Acceptor, ConnectionEvents {
  readonly counts: GatewayCounts = {
    open: 0,
    opened: 0,
    closed: 0,
    refused: 0,
    timedOut: 0,
    bytesReceived: 0,
    noiseBytes: 0,
  };
  /** By address. */
  readonly table = new GatewayTable();
  /** Of the start, an accepted connection or received data, by the monotonic clock. */
  lastActivityAtMs = performance.now();
  readonly #settings: Settings;
  readonly #intake: Intake;
  readonly #decoder: Decoder;
  readonly #log: Logger;
  readonly #connections = new Set<Connection>();
  readonly #admission: Admission;
  readonly #pacing: Pacing<Connection>;
  readonly #unfinished = new UnfinishedObjects();
  readonly #summary = new EventSummary<Event>();
  /** No gateway is read from any more. */
  #isFinished = false;
  #sweepTimer: NodeJS.Timeout | undefined;
  #sweptAtMs = performance.now();
  #summaryTimer: NodeJS.Timeout | undefined;
  #descriptorsTimer: NodeJS.Timeout | undefined;

  /** @param isBehind whether more waits for the database than its neighbours would notice of one sender. */
  constructor(
    settings: Settings,
    intake: Intake,
    decoder: Decoder,
    isBehind: () => boolean,
    log: Logger,
  ) {
    this.#settings = settings;
    this.#intake = intake;
    this.#decoder = decoder;
    this.#log = log;
    this.#admission = new Admission(settings, log);
    this.#pacing = new Pacing(() => intake.isHalfFull || isBehind());
  }

  start(): void {
    this.#sweptAtMs = performance.now();
    this.#sweepTimer = setInterval(() => this.#sweep(), sweepEveryMs);
    this.#summaryTimer = setInterval(() => this.#tellUntold(), summaryEveryMs);
    this.#descriptorsTimer = setInterval(() => this.#checkDescriptors(), descriptorsEveryMs);
  }

  /** Makes every connection wait, or go on. */
  setBlocked(blocked: boolean): void {
    if (this.#isFinished) return;
    this.#pacing.clear();
    for (const connection of this.#connections) {
      if (blocked) connection.pause();
      else connection.resume();
    }
  }

  /** To be called when a batch was written: there may be room again for who sends too fast. */
  pace(): void {
    if (!this.#intake.blocked) this.#pacing.review();
  }

  admit(socket: Socket): boolean {
    const refusal = this.#admission.admit(socket);
    if (refusal === undefined) return true;
    this.counts.refused += 1;
    this.#tell('refused', `Gateway ${addressOf(socket)} refused: ${refusal}`);
    socket.on('error', () => undefined);
    socket.destroy();
    return false;
  }

  accept(socket: Socket): (chunk: Buffer) => void {
    const address = addressOf(socket);
    this.lastActivityAtMs = performance.now();
    this.counts.opened += 1;
    this.counts.open += 1;
    const peer = `${address}:${socket.remotePort ?? 0}`;
    const connection = new Connection(
      socket,
      peer,
      this.table.opened(address, this.lastActivityAtMs),
      this.#intake,
      this.#decoder,
      this.#settings.maxFrameBytes,
      this.#unfinished,
      this,
    );
    this.#connections.add(connection);
    this.#tell('connected', `Gateway connected from ${peer}`);
    socket.setKeepAlive(true, keepAliveMs);
    socket.setNoDelay(true);
    socket.on('end', () => connection.receiveEnd());
    socket.on('error', (error) => this.#noteError(connection, error));
    socket.on('close', () => {
      if (!this.#isFinished) connection.finish();
      this.#forget(connection);
    });
    if (this.#intake.blocked) connection.pause();
    return (chunk) => connection.receive(chunk);
  }

  handshakeFailed(address: string, error: Error): void {
    // Of one that has gone already the system no longer knows the address.
    const who = address === '' ? 'A gateway' : `Gateway ${address}`;
    this.#tell('handshake', `${who} failed the TLS handshake: ${describeError(error)}`);
  }

  failed(error: Error): void {
    this.#tell('failed', `${error.message}. ${descriptorsAdvice}`);
  }

  received(connection: Connection, bytes: number): void {
    this.counts.bytesReceived += bytes;
    this.lastActivityAtMs = connection.lastReceivedAtMs;
    if (!this.#isFinished && !this.#intake.blocked) {
      this.#pacing.took(connection, bytes, this.lastActivityAtMs);
    }
  }

  noise(bytes: number): void {
    this.counts.noiseBytes += bytes;
  }

  rejected(peer: string, reason: string): void {
    this.#tell('rejected', `A reading from ${peer} was rejected: ${reason}`);
  }

  unreadAnswers(peer: string): void {
    this.#tell('unread', `Gateway ${peer} does not read its answers and was disconnected`);
  }

  /** Reads what is still on its way, then reads no more. */
  async finishReading(): Promise<void> {
    clearInterval(this.#sweepTimer);
    if (!this.#intake.blocked) this.#pacing.stop();
    await new Promise((resolve) => setTimeout(resolve, lastReadsMs));
    this.setBlocked(true);
    this.#isFinished = true;
  }

  /** Ends all connections, after their last answers. */
  closeAll(): void {
    for (const connection of this.#connections) {
      connection.endReason = 'zdenergy stops';
      connection.socket.destroySoon();
    }
    clearInterval(this.#summaryTimer);
    clearInterval(this.#descriptorsTimer);
    this.#tellUntold();
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    this.#pacing.forget(connection);
    this.counts.open -= 1;
    this.counts.closed += 1;
    connection.gateway.open -= 1;
    this.#tell(
      'disconnected',
      `Gateway disconnected: ${connection.peer} (${connection.endReason})`,
    );
  }

  #sweep(): void {
    const now = performance.now();
    const wasPaused = now - this.#sweptAtMs > lateSweepMs;
    this.#sweptAtMs = now;
    // After a pause of the whole machine, say: what gateways have sent meanwhile is still on its way.
    if (wasPaused) return;
    // What is here already is read first: timers come before input, immediates after it.
    setImmediate(() => this.#closeIdle());
  }

  #closeIdle(): void {
    if (this.#isFinished || this.#intake.blocked) return;
    const { tcpIdleTimeoutMs } = this.#settings;
    const oldestMs = performance.now() - tcpIdleTimeoutMs;
    for (const connection of this.#connections) {
      if (connection.lastSignOfLifeAtMs > oldestMs || this.#pacing.isWaiting(connection)) continue;
      const what = connection.lastReceivedAtMs > oldestMs ? 'completed no object' : 'sent nothing';
      this.#noteTimeout(connection, `${what} for ${formatDuration(tcpIdleTimeoutMs)}`);
      connection.endReason = `it ${what} for too long`;
      connection.socket.destroy();
    }
  }

  /** Without a descriptor libuv closes new connections and tells nobody: somebody has to look. */
  #checkDescriptors(): void {
    try {
      closeSync(openSync('/dev/null', 'r'));
    } catch (error) {
      if (!['EMFILE', 'ENFILE'].includes(errorCode(error) ?? '')) return;
      this.#tell('failed', `No gateway can connect: ${describeError(error)}. ${descriptorsAdvice}`);
    }
  }

  #noteError(connection: Connection, error: Error): void {
    connection.endReason = describeError(error);
    if (unansweredCodes.has(errorCode(error) ?? '')) {
      this.#noteTimeout(connection, 'no longer answers; its link may be down');
    }
  }

  #noteTimeout({ peer }: Connection, what: string): void {
    this.counts.timedOut += 1;
    this.#tell('timeout', `Socket timeout: ${peer} ${what}`);
  }

  #tell(event: Event, message: string): void {
    if (this.#summary.note(event)) this.#levels[event](message);
  }

  #tellUntold(): void {
    for (const [event, count] of this.#summary.takeUntold()) {
      this.#levels[event](
        `${count} more like this in the last ${summaryEveryMs / 1_000} s: ${storms[event]}`,
      );
    }
  }

  readonly #levels: Readonly<Record<Event, (message: string) => void>> = {
    connected: (message) => this.#log.connected(message),
    disconnected: (message) => this.#log.disconnected(message),
    timeout: (message) => this.#log.warning(message),
    refused: (message) => this.#log.warning(message),
    handshake: (message) => this.#log.warning(message),
    rejected: (message) => this.#log.warning(message),
    unread: (message) => this.#log.warning(message),
    failed: (message) => this.#log.error(message),
  };
}

const storms: Readonly<Record<Event, string>> = {
  connected: 'gateways connected',
  disconnected: 'gateways disconnected',
  timeout: 'silent gateways disconnected',
  refused: 'gateways refused',
  handshake: 'gateways failed the TLS handshake',
  rejected: 'readings rejected',
  unread: 'gateways that did not read their answers',
  failed: 'connections that could not be accepted',
};
