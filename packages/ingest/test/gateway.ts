/**
 * One gateway's stream, taken by the real framer and decoder as a connection does, without a socket:
 * what went in as bytes comes out as rows, rejects and answers.
 */
import { Batch, decodeRows, endOfRow, type StoredReading } from '@zdenergy/storage';
import { Decoder, type DecoderSettings, type Destination, type Lane } from '../src/decoding.js';
import { Framer, type FrameSink } from '../src/framing.js';

export const defaults: DecoderSettings = {
  sensorTimeZone: 'UTC',
  clockSkewFutureMs: 24 * 3_600_000,
  luxPerWm2: 127,
  tcpAck: false,
};

/** When everything is received in tests. */
export const receivedAtUs = Date.UTC(2025, 9, 2, 18, 0, 0) * 1_000;

export interface Reject {
  rejectedAtUs: number;
  peer: string;
  reason: string;
  raw: string;
}

/** Whether usual objects may take the short way. */
export type Way = 'both ways' | 'long way only';

export class Gateway implements FrameSink, Destination {
  readonly peer = '192.0.2.7:40000';
  readonly batch = new Batch();
  receivedAtUs = receivedAtUs;
  readonly answers: string[] = [];
  noise = 0;
  /** How many objects took the short way. */
  usual = 0;
  framer: Framer;
  readonly decoder: Decoder;
  readonly #way: Way;

  constructor(
    settings: Partial<DecoderSettings> = {},
    way: Way = 'both ways',
    maxBytes = 65_536,
    lane?: Lane,
  ) {
    this.decoder = new Decoder({ ...defaults, ...settings }, lane);
    this.#way = way;
    this.framer = new Framer(this, maxBytes);
  }

  /** Sends the whole stream and closes. */
  send(...chunks: readonly (Buffer | string)[]): this {
    for (const chunk of chunks) this.framer.push(Buffer.from(chunk));
    this.framer.end();
    return this;
  }

  /** Begins anew with an empty batch, as another connection. */
  reconnect(maxBytes: number, nowUs: number): void {
    this.framer = new Framer(this, maxBytes);
    this.receivedAtUs = nowUs;
    this.batch.clear();
    this.answers.length = 0;
    this.noise = 0;
  }

  takeUsual(bytes: Buffer, start: number, end: number): number {
    if (this.#way === 'long way only') return 0;
    const stop = this.decoder.takeUsual(bytes, start, end, this);
    if (stop > 0) this.usual += 1;
    return stop;
  }

  takeObject(bytes: Buffer, start: number, end: number): void {
    this.decoder.takeObject(bytes, start, end, this);
  }

  refuse(beginning: Buffer, totalBytes: number, reason: string): void {
    this.decoder.reject(beginning, totalBytes, reason, this);
  }

  skipNoise(count: number): void {
    this.noise += count;
  }

  answer(seq: string, refusal: string | null): void {
    this.answers.push(refusal === null ? `ack ${seq}` : `nack ${seq}: ${refusal}`);
  }

  rejected(): void {
    // The rejects themselves are looked at.
  }

  get readings(): StoredReading[] {
    return decodeRows(this.batch.readings.rows);
  }

  get rejects(): Reject[] {
    const { rows } = this.batch.rejected;
    const rejects: Reject[] = [];
    for (let start = 0; start < rows.length; start = endOfRow(rows, start)) {
      rejects.push(decodeReject(rows.subarray(start, endOfRow(rows, start))));
    }
    return rejects;
  }
}

function decodeReject(row: Buffer): Reject {
  const rejectedAtUs = Number(row.readBigInt64BE(6)) + Date.UTC(2000, 0, 1) * 1_000;
  const texts: string[] = [];
  for (let at = 14; at < row.length;) {
    const end = at + 4 + row.readInt32BE(at);
    texts.push(row.toString('utf8', at + 4, end));
    at = end;
  }
  const [peer, reason, raw] = texts;
  return { rejectedAtUs, peer, reason, raw };
}
