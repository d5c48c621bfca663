/**
 * One gateway's connection: bytes in, rows of the batch out, answers back.
 *
 * What always holds: memory is bounded by a frame and by the answers that a gateway may leave
 * unread; an answer goes out only once its reading is durable, and in the order in which readings came.
 */
import type { Socket } from 'node:net';
import type { Batch, Intake } from '@zdenergy/storage';
import type { Decoder, Destination } from './decoding.js';
import { Framer, type FrameSink } from './framing.js';
import type { GatewayRecord } from './gateway-table.js';

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
  /** Why the connection will have ended, for the log. */
  endReason = 'closed by the gateway';
  readonly #intake: Intake;
  readonly #decoder: Decoder;
  readonly #events: ConnectionEvents;
  readonly #framer: Framer;
  #answers = '';

  constructor(
    socket: Socket,
    peer: string,
    gateway: GatewayRecord,
    intake: Intake,
    decoder: Decoder,
    maxFrameBytes: number,
    events: ConnectionEvents,
  ) {
    this.socket = socket;
    this.peer = peer;
    this.gateway = gateway;
    this.batch = intake.batch;
    this.lastReceivedAtMs = performance.now();
    this.#intake = intake;
    this.#decoder = decoder;
    this.#events = events;
    this.#framer = new Framer(this, maxFrameBytes);
  }

  /** Takes a chunk; its memory is free again on return. */
  receive(bytes: Buffer): void {
    this.lastReceivedAtMs = performance.now();
    this.gateway.lastSeenAtMs = this.lastReceivedAtMs;
    this.gateway.bytes += bytes.length;
    this.#feed(() => this.#framer.push(bytes));
    this.#events.received(this, bytes.length);
  }

  /** Stops reading from the gateway. */
  pause(): void {
    this.socket.pause();
  }

  /** Goes on reading; that it was not read from does not count as silence. */
  resume(): void {
    this.lastReceivedAtMs = performance.now();
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
  }

  #feed(push: () => void): void {
    const { batch } = this.#intake;
    this.batch = batch;
    this.receivedAtUs = Date.now() * 1_000;
    const { readingCount, rejectedCount } = batch;
    push();
    if (batch.count === readingCount + rejectedCount) return;
    this.gateway.readings += batch.readingCount - readingCount;
    this.gateway.rejected += batch.rejectedCount - rejectedCount;
    if (this.#answers !== '') {
      const answers = this.#answers;
      this.#answers = '';
      this.#intake.whenDurable(() => this.#send(answers));
    }
    this.#intake.commit();
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
