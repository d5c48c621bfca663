/**
 * Rows of Postgres's binary COPY as lines of CSV, as fast as Postgres sends them.
 *
 * Postgres takes as long to write one number with two decimals as to send the whole row as it is, and
 * has one process for all of it; this is done beside it. What always holds: a line is what Postgres
 * itself would write of `round(value::numeric, decimals)`; a chunk may end anywhere in a row; memory
 * is bounded by a chunk and by the names of sensors that are kept.
 */
import type { TimeZone } from '@zdenergy/core';

/** Of `readings`, in this order: time, then what is in `decimals`, then the sensor's id. */
export const csvColumns = 'time, temperature, humidity, lux, irradiance, sensor_id';
const decimals = [2, 2, 2, 3];
const fieldCount = 2 + decimals.length;

const copyHeaderBytes = 19;
/** In place of a number of fields: no more rows. */
const trailer = -1;
const nullLength = -1;
const twoTo32 = 2 ** 32;
/** 2000-01-01 UTC, which Postgres counts microseconds from. */
const postgresEpochMs = 946_684_800_000;
/** Beyond, names are forgotten and found anew. */
const maxKeptCells = 20_000;

export interface CsvLines {
  readonly text: Buffer;
  readonly count: number;
}

export class CsvRows {
  readonly #zone: TimeZone;
  /** Cells by the bytes of the id. */
  readonly #cells = new Map<string, string>();
  /** What came of a row that is not whole yet. */
  #rest = Buffer.alloc(0);
  #isHeaderDue = true;
  #minute = Number.NaN;
  #minuteText = '';

  constructor(zone: TimeZone) {
    this.#zone = zone;
  }

  /** Another COPY begins. */
  begin(): void {
    this.#rest = Buffer.alloc(0);
    this.#isHeaderDue = true;
  }

  /** The whole lines of what has come by now. */
  lines(chunk: Buffer): CsvLines {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    if (this.#isHeaderDue) {
      if (bytes.length < copyHeaderBytes) return this.#keep(bytes, '', 0);
      at = copyHeaderBytes;
      this.#isHeaderDue = false;
    }
    let text = '';
    let count = 0;
    for (;;) {
      const end = endOfRow(bytes, at);
      if (end === undefined) break;
      text += this.#line(bytes, at + 2);
      count += 1;
      at = end;
    }
    return this.#keep(bytes.subarray(at), text, count);
  }

  #keep(rest: Buffer, text: string, count: number): CsvLines {
    // A copy: the chunk's memory is not ours.
    this.#rest = Buffer.from(rest);
    return { text: Buffer.from(text), count };
  }

  #line(bytes: Buffer, start: number): string {
    let at = start + 4;
    const us = bytes.readInt32BE(at) * twoTo32 + bytes.readUInt32BE(at + 4);
    let line = this.#timestamp(us / 1_000 + postgresEpochMs);
    at += 8;
    for (const places of decimals) {
      const length = bytes.readInt32BE(at);
      at += 4;
      line += ',';
      if (length === nullLength) continue;
      line += fixed(bytes.readDoubleBE(at), places);
      at += length;
    }
    const length = bytes.readInt32BE(at);
    return `${line},${this.#cell(bytes.toString('latin1', at + 4, at + 4 + length))}\n`;
  }

  /** `2025-10-02 17:58:37`, by the zone's clocks. */
  #timestamp(instantMs: number): string {
    const localSeconds = Math.floor(this.#zone.toLocalMs(instantMs) / 1_000);
    const minute = Math.floor(localSeconds / 60);
    if (minute !== this.#minute) {
      this.#minute = minute;
      const iso = new Date(minute * 60_000).toISOString();
      this.#minuteText = `${iso.slice(0, 10)} ${iso.slice(11, 17)}`;
    }
    return this.#minuteText + twoDigits[localSeconds - minute * 60];
  }

  #cell(latin1: string): string {
    const known = this.#cells.get(latin1);
    if (known !== undefined) return known;
    if (this.#cells.size >= maxKeptCells) this.#cells.clear();
    const cell = csvCell(harmless(Buffer.from(latin1, 'latin1').toString()));
    this.#cells.set(latin1, cell);
    return cell;
  }
}

const twoDigits = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));

/** Undefined: the row is not whole yet, or there are no more. */
function endOfRow(bytes: Buffer, start: number): number | undefined {
  if (bytes.length < start + 2 || bytes.readInt16BE(start) === trailer) return undefined;
  let at = start + 2;
  for (let field = 0; field < fieldCount; field += 1) {
    if (bytes.length < at + 4) return undefined;
    at += 4 + Math.max(0, bytes.readInt32BE(at));
  }
  return at <= bytes.length ? at : undefined;
}

/**
 * A number with so many decimals, half away from zero, as Postgres rounds the 15 digits that it takes
 * of a double for exact.
 */
export function fixed(value: number, places: number): string {
  const scale = places === 2 ? 100 : 10 ** places;
  const scaled = Math.abs(value) * scale;
  const rounded = Math.round(scaled);
  // Where the double's own error could decide, and where a product has no exact whole part.
  if (!(scaled < 1e12) || Math.abs(scaled - Math.floor(scaled) - 0.5) < 1e-3) {
    return exactlyFixed(value, places);
  }
  const whole = Math.floor(rounded / scale);
  const fraction = String(rounded - whole * scale).padStart(places, '0');
  return `${value < 0 && rounded > 0 ? '-' : ''}${whole}.${fraction}`;
}

function exactlyFixed(value: number, places: number): string {
  if (!Number.isFinite(value))
    return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  const [digits = '', exponent = '0'] = Math.abs(value)
    .toExponential(14)
    .replace('.', '')
    .split('e');
  // value = digits × 10^shift; what is kept of it are whole units of 10^-places.
  const shift = Number(exponent) - 14 + places;
  const units =
    shift >= 0
      ? BigInt(digits) * 10n ** BigInt(shift)
      : (2n * BigInt(digits) + 10n ** BigInt(-shift)) / (2n * 10n ** BigInt(-shift));
  const text = units.toString().padStart(places + 1, '0');
  const sign = value < 0 && units > 0n ? '-' : '';
  return `${sign}${text.slice(0, -places)}.${text.slice(-places)}`;
}

/**
 * A text that a spreadsheet would run as a formula gets an apostrophe in front: one that begins with
 * = + - @, a tab or a carriage return, and is no plain number.
 */
const harmless = (text: string): string =>
  /^[=+\-@\t\r]/.test(text) && !/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(text) ? `'${text}` : text;

/** Quoted where RFC 4180 asks for it. */
const csvCell = (text: string): string =>
  text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
