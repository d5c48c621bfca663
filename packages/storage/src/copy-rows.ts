/**
 * Readings and rejected readings as rows of Postgres's binary COPY format.
 *
 * This is the form in which the journal holds them and the drain sends them, so that draining moves
 * bytes instead of encoding again. Layout of a row (PostgreSQL manual, "COPY", "Binary Format"):
 * int16 number of fields, then for each field int32 length (-1: NULL) and the value, big endian.
 * What always holds: rows stand back to back, without COPY's file header and trailer.
 */

/** COPY's file header: signature, no flags, no extension. */
export const copyHeader = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** COPY's end of data: a field count of -1. */
export const copyTrailer = Buffer.from([0xff, 0xff]);

/** Columns of a reading's row, in order. */
export const readingColumns =
  'sensor_id, time, temperature, humidity, lux, irradiance, extra, received_at';
/** Columns of a rejected reading's row, in order. */
export const rejectedColumns = 'rejected_at, peer, reason, raw';

/** Microseconds from 1970-01-01, as everywhere in zdenergy, to 2000-01-01, Postgres's epoch. */
const postgresEpochUs = 946_684_800_000_000;
const twoTo32 = 4_294_967_296;
const jsonbVersion = 1;
const readingFields = 8;
const rejectedFields = 4;
/** Field count, eight lengths, two times, four doubles and the version of a jsonb. */
const readingOverheadBytes = 2 + 8 * 4 + 2 * 8 + 4 * 8 + 1;

export interface StoredReading {
  sensorId: string;
  timeUs: number;
  temperature: number | null;
  humidity: number | null;
  lux: number | null;
  irradiance: number | null;
  /** JSON text of an object. */
  extra: string | null;
  receivedAtUs: number;
}

/** A growing buffer of rows. Its space is kept when it is emptied, for the next rows. */
export class RowBuffer {
  bytes: Buffer;
  length: number;
  #view: DataView;
  readonly #start: number;

  /** `reservedBytes` are left free in front of the first row. */
  constructor(capacityBytes: number, reservedBytes = 0) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
    this.#view = new DataView(this.bytes.buffer);
    this.#start = reservedBytes;
    this.length = reservedBytes;
  }

  clear(): void {
    this.length = this.#start;
  }

  get rows(): Buffer {
    return this.bytes.subarray(this.#start, this.length);
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + bytes));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  append(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  /**
   * Adds a reading. The sensor id is `id[idStart, idEnd)` in UTF-8; times are microseconds; a
   * measurement of NaN is NULL; `extra` is JSON text in UTF-8.
   */
  addReading(
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
    const idBytes = idEnd - idStart;
    this.reserve(readingOverheadBytes + idBytes + (extra?.length ?? 0));
    const view = this.#view;
    const bytes = this.bytes;
    let at = this.length;
    view.setInt16(at, readingFields);
    view.setInt32(at + 2, idBytes);
    at += 6;
    // Ids are short: a loop is faster than a call into native code.
    for (let index = idStart; index < idEnd; index += 1) bytes[at++] = id[index];
    at = this.#time(at, timeUs);
    at = this.#double(at, temperature);
    at = this.#double(at, humidity);
    at = this.#double(at, lux);
    at = this.#double(at, irradiance);
    if (extra === null) {
      view.setInt32(at, -1);
      at += 4;
    } else {
      view.setInt32(at, extra.length + 1);
      bytes[at + 4] = jsonbVersion;
      bytes.set(extra, at + 5);
      at += 5 + extra.length;
    }
    this.length = this.#time(at, receivedAtUs);
  }

  /** Adds a rejected reading; the texts must be such that Postgres can hold them. */
  addRejected(rejectedAtUs: number, peer: string, reason: string, raw: string): void {
    const texts = [peer, reason, raw].map((text) => Buffer.from(text));
    this.reserve(texts.reduce((sum, text) => sum + 4 + text.length, 2 + 12));
    this.#view.setInt16(this.length, rejectedFields);
    let at = this.#time(this.length + 2, rejectedAtUs);
    for (const text of texts) {
      this.#view.setInt32(at, text.length);
      this.bytes.set(text, at + 4);
      at += 4 + text.length;
    }
    this.length = at;
  }

  #time(at: number, us: number): number {
    const sincePostgresEpochUs = us - postgresEpochUs;
    this.#view.setInt32(at, 8);
    this.#view.setInt32(at + 4, Math.floor(sincePostgresEpochUs / twoTo32));
    this.#view.setUint32(at + 8, sincePostgresEpochUs >>> 0);
    return at + 12;
  }

  #double(at: number, value: number): number {
    // Only NaN differs from itself.
    if (value !== value) {
      this.#view.setInt32(at, -1);
      return at + 4;
    }
    this.#view.setInt32(at, 8);
    this.#view.setFloat64(at + 4, value);
    return at + 12;
  }
}

/** The index after the row that starts at `start`. */
export function endOfRow(rows: Buffer, start: number): number {
  let at = start + 2;
  for (let field = rows.readInt16BE(start); field > 0; field -= 1) {
    at += 4 + Math.max(0, rows.readInt32BE(at));
  }
  return at;
}

/** When the first of the rows was received; microseconds since 1970. It is a row's last field. */
export function firstReceiptUs(rows: Buffer): number {
  return timeAt(rows, endOfRow(rows, 0) - 8);
}

/** When the last of the rows was received; microseconds since 1970. */
export function lastReceiptUs(rows: Buffer): number {
  return timeAt(rows, rows.length - 8);
}

/** Splits rows at their boundaries. */
export function splitRows(rows: Buffer): Buffer[] {
  const split: Buffer[] = [];
  for (let start = 0; start < rows.length;) {
    const end = endOfRow(rows, start);
    split.push(rows.subarray(start, end));
    start = end;
  }
  return split;
}

/** The readings of rows made by `addReading`. */
export function decodeRows(rows: Uint8Array): StoredReading[] {
  const buffer = Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength);
  return splitRows(buffer).map(decodeReading);
}

function decodeReading(row: Buffer): StoredReading {
  let at = 2;
  const field = (): Buffer | null => {
    const length = row.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return row.subarray(at - length, at);
  };
  const double = (): number | null => field()?.readDoubleBE(0) ?? null;
  const time = (): number => {
    const value = field();
    return value === null ? Number.NaN : timeAt(value, 0);
  };
  return {
    sensorId: field()?.toString() ?? '',
    timeUs: time(),
    temperature: double(),
    humidity: double(),
    lux: double(),
    irradiance: double(),
    extra: field()?.subarray(1).toString() ?? null,
    receivedAtUs: time(),
  };
}

const timeAt = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * twoTo32 + bytes.readUInt32BE(at + 4) + postgresEpochUs;
