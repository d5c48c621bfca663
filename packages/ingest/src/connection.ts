/**
 * One gateway's connection: bytes in, rows of the batch out, answers back.
 *
 * What always holds: memory is bounded by a frame and by the answers that a gateway may leave
 * unread, and frames by what all connections may keep of them; an answer goes out only once its reading
 * is durable, and in the order in which readings came.
 */
import type { Socket } from 'node:net';
import type { Batch, Intake } from '@zdenergy/storage';
import type { Decoder, Destination } from './decoding.js';
import { Framer, type FrameSink } from './framing.js';
import type { GatewayRecord } from './gateway-table.js';
import { tooManyUnfinished, type UnfinishedObjects } from './unfinished-objects.js';

/** A gateway that leaves more answers than this unread is disconnected. */
const maxUnreadAnswerBytes = 64 * 1024;

export interface ConnectionEvents {
  /** The connection has taken a chunk. */
  received(connection: Connection, bytes: number): void;
  noise(bytes: number): void;
  /** An object was refused; the reason is for the log. */
  rejected(peer: string, reason: string): void;
  unreadAnswers(peer: string): void;
}

export class Connection implements FrameSink, Destination {
  readonly peer: string;
  readonly socket: Socket;
  /** Shared with the other connections from its address. */
  readonly gateway: GatewayRecord;
  batch: Batch;
  receivedAtUs = 0;
  /** By the monotonic clock. */
  lastReceivedAtMs: number;
  /**
   * When it last completed an object, or sent what may stand between objects after it had completed
   * one; likewise. The bytes of an object count only with its end: what drips holds a place for nothing.
   */
  lastSignOfLifeAtMs: number;
  /** Why the connection will have ended, for the log. */
  endReason = 'closed by the gateway';
  readonly #intake: Intake;
  readonly #decoder: Decoder;
  readonly #events: ConnectionEvents;
  readonly #framer: Framer;
  /** Shared by all connections. */
  readonly #unfinished: UnfinishedObjects;
  #unfinishedBytes = 0;
  #hasCompleted = false;
  #pausedSinceMs: number | undefined;
  #answers = '';

  constructor(
    socket: Socket,
    peer: string,
    gateway: GatewayRecord,
    intake: Intake,
    decoder: Decoder,
    maxFrameBytes: number,
    unfinished: UnfinishedObjects,
    events: ConnectionEvents,
  ) {
    this.socket = socket;
    this.peer = peer;
    this.gateway = gateway;
    this.batch = intake.batch;
    this.lastReceivedAtMs = performance.now();
    this.lastSignOfLifeAtMs = this.lastReceivedAtMs;
    this.#intake = intake;
    this.#decoder = decoder;
    this.#events = events;
    this.#unfinished = unfinished;
    this.#framer = new Framer(this, maxFrameBytes);
  }

  /** Takes a chunk; its memory is free again on return. */
  receive(bytes: Buffer): void {
    this.lastReceivedAtMs = performance.now();
    this.gateway.lastSeenAtMs = this.lastReceivedAtMs;
    this.gateway.bytes += bytes.length;
    const hasCompleted = this.#feed(() => this.#framer.push(bytes));
    this.#hasCompleted ||= hasCompleted;
    if (hasCompleted || (this.#hasCompleted && !this.#framer.isInObject)) {
      this.lastSignOfLifeAtMs = this.lastReceivedAtMs;
    }
    this.#events.received(this, bytes.length);
    if (!this.#keepsTooMuch()) return;
    this.#feed(() => this.#framer.giveUp(tooManyUnfinished));
    this.#keepsTooMuch();
    this.endReason = tooManyUnfinished;
    this.socket.destroy();
  }

  /** Stops reading from the gateway. */
  pause(): void {
    this.#pausedSinceMs ??= performance.now();
    this.socket.pause();
  }

  /**
   * Goes on reading. The time in which it was not read from does not count as silence, and no more
   * than that: who was silent before goes on being so, however often all have to wait.
   */
  resume(): void {
    const nowMs = performance.now();
    const pausedMs = nowMs - (this.#pausedSinceMs ?? nowMs);
    this.#pausedSinceMs = undefined;
    this.lastReceivedAtMs += pausedMs;
    this.lastSignOfLifeAtMs += pausedMs;
    this.socket.resume();
  }

  /** The gateway has closed its side: its answers are its last. */
  receiveEnd(): void {
    this.finish();
    this.#intake.whenDurable(() => this.socket.end());
    this.#intake.commit();
  }

  /** Nothing more comes: what the gateway began is no object. */
  finish(): void {
    this.#feed(() => this.#framer.end());
    this.#keepsTooMuch();
  }

  /** Accounts for what is kept now. */
  #keepsTooMuch(): boolean {
    const beforeBytes = this.#unfinishedBytes;
    this.#unfinishedBytes = this.#framer.keptBytes;
    return !this.#unfinished.changed(beforeBytes, this.#unfinishedBytes);
  }

  /** Whether anything came of it: a reading or a reject. */
  #feed(push: () => void): boolean {
    const { batch } = this.#intake;
    this.batch = batch;
    this.receivedAtUs = Date.now() * 1_000;
    const { readingCount, rejectedCount } = batch;
    push();
    if (batch.count === readingCount + rejectedCount) return false;
    this.gateway.readings += batch.readingCount - readingCount;
    this.gateway.rejected += batch.rejectedCount - rejectedCount;
    if (this.#answers !== '') {
      const answers = this.#answers;
      this.#answers = '';
      this.#intake.whenDurable(() => this.#send(answers));
    }
    this.#intake.commit();
    return true;
  }

  #send(answers: string): void {
    const { socket } = this;
    if (!socket.writable) return;
    socket.write(answers);
    if (socket.writableLength <= maxUnreadAnswerBytes) return;
    this.#events.unreadAnswers(this.peer);
    this.endReason = 'it does not read its answers';
    socket.destroy();
  }

  answer(seq: string, refusal: string | null): void {
    this.#answers +=
      refusal === null
        ? `{"ack":${seq}}\n`
        : `{"nack":${seq},"reason":${JSON.stringify(refusal)}}\n`;
  }

  takeUsual(bytes: Buffer, start: number, end: number): number {
    return this.#decoder.takeUsual(bytes, start, end, this);
  }

  takeObject(bytes: Buffer, start: number, end: number): void {
    this.#decoder.takeObject(bytes, start, end, this);
  }

  refuse(beginning: Buffer, totalBytes: number, reason: string): void {
    this.#decoder.reject(beginning, totalBytes, reason, this);
  }

  rejected(reason: string): void {
    this.#events.rejected(this.peer, reason);
  }

  skipNoise(count: number): void {
    this.#events.noise(count);
  }
}
