/**
 * The readings and rejects that came together, as one journal record in the making.
 *
 * What always holds: everything in a batch becomes durable together; the sequence counts its
 * readings first, then its rejects, each in the order in which they came.
 */
import { RowBuffer } from './copy-rows.js';
import { recordHeaderBytes, type Origin } from './journal/record.js';

const startCapacityBytes = 256 * 1024;
const startRejectedBytes = 4 * 1024;

export class Batch {
  /** Rows behind free space for the record's header; sealing adds the other sections. */
  readonly readings = new RowBuffer(startCapacityBytes, recordHeaderBytes);
  readonly rejected = new RowBuffer(startRejectedBytes);
  readonly origins: Origin[] = [];
  /** Months of the readings' times: years since 1970 times 12 plus month. */
  readonly months = new Set<number>();
  readingCount = 0;
  rejectedCount = 0;
  #lastMonthStartUs = 0;
  #lastMonthEndUs = 0;
  #lastPeer: string | null = null;

  get count(): number {
    return this.readingCount + this.rejectedCount;
  }

  get bytes(): number {
    return this.readings.length + this.rejected.length;
  }

  clear(): void {
    this.readings.clear();
    this.rejected.clear();
    this.origins.length = 0;
    this.months.clear();
    this.readingCount = 0;
    this.rejectedCount = 0;
    this.#lastMonthEndUs = 0;
    this.#lastPeer = null;
  }

  /** Adds a reading; the arguments are those of `RowBuffer.addReading`, with the peer that sent it. */
  addReading(
    peer: string,
    id: Uint8Array,
    idStart: number,
    idEnd: number,
    timeUs: number,
    temperature: number,
    humidity: number,
    lux: number,
    irradiance: number,
    extra: Uint8Array | null,
    receivedAtUs: number,
  ): void {
    this.readings.addReading(
      id,
      idStart,
      idEnd,
      timeUs,
      temperature,
      humidity,
      lux,
      irradiance,
      extra,
      receivedAtUs,
    );
    this.readingCount += 1;
    if (timeUs < this.#lastMonthStartUs || timeUs >= this.#lastMonthEndUs) this.#addMonth(timeUs);
    if (peer === this.#lastPeer) {
      this.origins[this.origins.length - 1].readings += 1;
    } else {
      this.origins.push({ readings: 1, peer });
      this.#lastPeer = peer;
    }
  }

  addRejected(rejectedAtUs: number, peer: string, reason: string, raw: string): void {
    this.rejected.addRejected(rejectedAtUs, peer, reason, raw);
    this.rejectedCount += 1;
  }

  #addMonth(timeUs: number): void {
    const date = new Date(timeUs / 1_000);
    const month = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
    this.#lastMonthStartUs = startOfMonthMs(month) * 1_000;
    this.#lastMonthEndUs = startOfMonthMs(month + 1) * 1_000;
    this.months.add(month);
  }
}

/** When a month, counted from January 1970, starts in UTC; milliseconds. */
export function startOfMonthMs(month: number): number {
  return Date.UTC(1970 + Math.floor(month / 12), month % 12);
}
