/**
 * The rules of a reading: what a field may hold, and which time counts.
 *
 * Plain functions over parsed JSON values. A measurement is a number or NaN, which stands for "not
 * measured"; times are microseconds since 1970. Each rule gives a value or a reason in plain words.
 */
import type { TimeZone } from './time-zone.js';

/** The measurements that have a column of their own, by their names on the wire. */
export const measurementNames = ['temp', 'rh', 'lux', 'irradiance'] as const;
export type MeasurementName = (typeof measurementNames)[number];

export const unknownSensorId = 'unknown';
export const maxSensorIdCharacters = 100;

/** Readings from before this are from a clock that was never set. */
export const earliestTimeUs = Date.UTC(2015, 0, 1) * 1_000;

// Digits can match in one way only: a text built to be slow would hold up every gateway.
const decimal = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

/** A field that breaks a rule; the message says which and why. */
export class FieldRefused extends Error {}

/**
 * A measurement: a finite number, or a string that is one; absent and null are NaN.
 * @throws {FieldRefused} for everything else.
 */
export function measurement(name: MeasurementName, value: unknown): number {
  if (value === undefined || value === null) return Number.NaN;
  const number = typeof value === 'string' && decimal.test(value) ? Number(value) : value;
  if (typeof number !== 'number') {
    throw new FieldRefused(
      `${name} is not a number: ${shorten(JSON.stringify(value) ?? 'nothing')}`,
    );
  }
  if (!Number.isFinite(number)) {
    throw new FieldRefused(`${name} is too large a number (${Number.MAX_VALUE} is the largest)`);
  }
  return number;
}

/**
 * A sensor id: a string, or a number with the digits that were sent; absent and null are `unknown`.
 * @throws {FieldRefused} when it is something else, empty, too long, or no text Postgres can hold.
 */
export function sensorId(value: unknown, sent: string): string {
  if (value === undefined || value === null) return unknownSensorId;
  const id = typeof value === 'number' ? sent : value;
  if (typeof id !== 'string') throw new FieldRefused('id is neither a text nor a number');
  const characters = [...id].length;
  if (characters === 0) throw new FieldRefused('id is empty');
  if (characters > maxSensorIdCharacters) {
    throw new FieldRefused(
      `id has ${characters} characters; ${maxSensorIdCharacters} are the most`,
    );
  }
  const flaw = textFlaw(id);
  if (flaw !== undefined) throw new FieldRefused(`id ${flaw}`);
  return id;
}

/** What keeps Postgres from holding a text, in words that follow its name; undefined if it can. */
export function textFlaw(text: string): string | undefined {
  if (text.includes('\0')) return 'contains a NUL character';
  return text.isWellFormed() ? undefined : 'contains half a surrogate pair';
}

/** Longer texts are no times; it bounds how often the spaces below are tried. */
const maxTimeCharacters = 100;

const written =
  /^\s*(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?\s*(?:(Z|z)|([+-])(\d{2})(?::?(\d{2}))?)?\s*$/;

/**
 * The instant that a `time` field names, or undefined when it cannot be read. A written time without
 * an offset is on the zone's clock; a number is seconds since 1970, or milliseconds from 1e11 on
 * (1e11 s would be the year 5138, 1e11 ms is 1973).
 */
export function sentTimeUs(value: unknown, zone: TimeZone): number | undefined {
  if (typeof value === 'number') return epochUs(value);
  if (typeof value !== 'string' || value.length > maxTimeCharacters) return undefined;
  const match = written.exec(value);
  if (match === null) return decimal.test(value) ? epochUs(Number(value)) : undefined;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = '',
    utc,
    sign,
    offsetHours,
    offsetMinutes,
  ] = match;
  const localUs = localTimeUs(+year, +month, +day, +hour, +minute, +second);
  if (localUs === undefined) return undefined;
  const exactUs = localUs + Math.round(Number(`0.${fraction}0`) * 1e6);
  if (utc !== undefined) return exactUs;
  if (sign === undefined) return zone.toInstantUs(exactUs);
  const hoursAhead = Number(offsetHours);
  const minutesAhead = Number(offsetMinutes ?? 0);
  if (hoursAhead > 23 || minutesAhead > 59) return undefined;
  return exactUs - (sign === '-' ? -1 : 1) * (hoursAhead * 60 + minutesAhead) * 60_000_000;
}

function epochUs(value: number): number | undefined {
  if (!Number.isFinite(value)) return undefined;
  return Math.round(Math.abs(value) >= 1e11 ? value * 1e3 : value * 1e6);
}

/** Microseconds from 1970 on a clock that shows this; undefined when no clock does. */
export function localTimeUs(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) {
    return undefined;
  }
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  return new Date(ms).getUTCDate() === day ? ms * 1_000 : undefined;
}

/** Whether a time may stand as it was sent; otherwise the time of receipt takes its place. */
export function isPlausibleTime(
  timeUs: number,
  receivedAtUs: number,
  skewFutureMs: number,
): boolean {
  return timeUs >= earliestTimeUs && timeUs <= receivedAtUs + skewFutureMs * 1_000;
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
