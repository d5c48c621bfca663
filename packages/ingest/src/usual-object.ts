/**
 * Reads the objects that gateways usually send straight from their bytes, several times as fast as
 * JSON.parse and without a string or an object for each.
 *
 * Usual is: ids and times as plain ASCII texts, a time as `YYYY-MM-DD HH:MM:SS` with no more, decimal
 * numbers; in any order, with a few more members that are numbers, plain texts or words.
 * What always holds: `scan` takes an object only if JSON.parse would give the very same values.
 */
import { maxSensorIdCharacters, type TimeZone } from '@zdenergy/core';
import { ExtraWriter } from './extra-writer.js';
import { UsualTime } from './usual-time.js';

/** In this file, so that the compiler puts the numbers in: looked up elsewhere they take time. */
const enum Char {
  Space = 0x20,
  Quote = 0x22,
  Comma = 0x2c,
  Minus = 0x2d,
  Dot = 0x2e,
  Zero = 0x30,
  Nine = 0x39,
  Colon = 0x3a,
  Backslash = 0x5c,
  LowerF = 0x66,
  LowerN = 0x6e,
  LowerT = 0x74,
  CloseBrace = 0x7d,
  Delete = 0x7f,
}

/** A name as it is sent, with its colon. The first four bytes, as one number, tell it from others. */
const idName = Buffer.from('"id":');
const timeName = Buffer.from('"time":');
const temperatureName = Buffer.from('"temp":');
const humidityName = Buffer.from('"rh":');
const luxName = Buffer.from('"lux":');
const irradianceName = Buffer.from('"irradiance":');
const seqName = Buffer.from('"seq":');
const idStart = fourBytes(idName, 0);
const timeStart = fourBytes(timeName, 0);
const temperatureStart = fourBytes(temperatureName, 0);
const humidityStart = fourBytes(humidityName, 0);
const luxStart = fourBytes(luxName, 0);
const irradianceStart = fourBytes(irradianceName, 0);
const seqStart = fourBytes(seqName, 0);
const trueWord = Buffer.from('true');
const falseWord = Buffer.from('false');
const nullWord = Buffer.from('null');

/** 10 ** n up to the largest that is exact as a double. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Any number of so many digits is exact as a double. */
const exactDigits = 15;

export class UsualObject {
  idStart = 0;
  idEnd = 0;
  timeUs = 0;
  /** NaN where a measurement is absent, as everywhere. */
  temperature = Number.NaN;
  humidity = Number.NaN;
  lux = Number.NaN;
  irradiance = Number.NaN;
  /** The bytes of `seq`; its end is 0 when there is none. */
  seqStart = 0;
  seqEnd = 0;
  /** The members without a column. */
  readonly extra = new ExtraWriter();

  readonly #time: UsualTime;
  readonly #answersSeq: boolean;
  /** The number that was read last. */
  #number = 0;

  constructor(zone: TimeZone, answersSeq: boolean) {
    this.#time = new UsualTime(zone);
    this.#answersSeq = answersSeq;
  }

  /** Reads the object whose brace is at `start`; returns the index after it, or 0 if it is unusual. */
  scan(bytes: Buffer, start: number, end: number): number {
    this.idEnd = 0;
    this.timeUs = Number.NaN;
    this.temperature = Number.NaN;
    this.humidity = Number.NaN;
    this.lux = Number.NaN;
    this.irradiance = Number.NaN;
    this.seqEnd = 0;
    this.extra.clear();
    let at = start + 1;
    for (;;) {
      if (bytes[at] === Char.Space) at += 1;
      at = this.#member(bytes, at, end);
      if (at === 0 || at >= end) return 0;
      const byte = bytes[at];
      at += 1;
      if (byte === Char.CloseBrace) break;
      if (byte !== Char.Comma) return 0;
    }
    const isEmpty =
      this.temperature !== this.temperature &&
      this.humidity !== this.humidity &&
      this.lux !== this.lux &&
      this.irradiance !== this.irradiance &&
      this.extra.isEmpty;
    return isEmpty || this.idEnd === 0 || this.timeUs !== this.timeUs ? 0 : at;
  }

  /** Reads the member whose name begins at `at`; returns the index after its value, or 0. */
  #member(bytes: Buffer, at: number, end: number): number {
    switch (fourBytes(bytes, at)) {
      case idStart:
        if (!isNamed(bytes, at, idName)) break;
        return this.#id(bytes, valueAt(bytes, at, idName), end);
      case timeStart:
        if (!isNamed(bytes, at, timeName)) break;
        at = this.#time.read(bytes, valueAt(bytes, at, timeName), end);
        this.timeUs = this.#time.us;
        return at;
      case temperatureStart:
        if (!isNamed(bytes, at, temperatureName)) break;
        at = this.#readNumber(bytes, valueAt(bytes, at, temperatureName), end);
        this.temperature = this.#number;
        return at;
      case humidityStart:
        if (!isNamed(bytes, at, humidityName)) break;
        at = this.#readNumber(bytes, valueAt(bytes, at, humidityName), end);
        this.humidity = this.#number;
        return at;
      case luxStart:
        if (!isNamed(bytes, at, luxName)) break;
        at = this.#readNumber(bytes, valueAt(bytes, at, luxName), end);
        this.lux = this.#number;
        return at;
      case irradianceStart:
        if (!isNamed(bytes, at, irradianceName)) break;
        at = this.#readNumber(bytes, valueAt(bytes, at, irradianceName), end);
        this.irradiance = this.#number;
        return at;
      case seqStart:
        if (!this.#answersSeq || !isNamed(bytes, at, seqName)) break;
        this.seqStart = valueAt(bytes, at, seqName);
        this.seqEnd = this.#readNumber(bytes, this.seqStart, end);
        return this.seqEnd;
      default:
    }
    return this.#other(bytes, at, end);
  }

  /** Reads a member without a column; returns the index after its value, or 0. */
  #other(bytes: Buffer, at: number, end: number): number {
    const nameEnd = plainTextEnd(bytes, at, end);
    if (nameEnd === 0 || bytes[nameEnd] !== Char.Colon) return 0;
    const start = bytes[nameEnd + 1] === Char.Space ? nameEnd + 2 : nameEnd + 1;
    let stop: number;
    switch (bytes[start]) {
      case Char.Quote:
        stop = plainTextEnd(bytes, start, end);
        break;
      case Char.LowerT:
        stop = isAt(bytes, start, trueWord) ? start + trueWord.length : 0;
        break;
      case Char.LowerF:
        stop = isAt(bytes, start, falseWord) ? start + falseWord.length : 0;
        break;
      case Char.LowerN:
        stop = isAt(bytes, start, nullWord) ? start + nullWord.length : 0;
        break;
      default:
        stop = this.#readNumber(bytes, start, end);
    }
    return stop > 0 && this.extra.add(bytes, at, nameEnd, start, stop) ? stop : 0;
  }

  #id(bytes: Buffer, start: number, end: number): number {
    const stop = plainTextEnd(bytes, start, end);
    const length = stop - start - 2;
    if (length < 1 || length > maxSensorIdCharacters) return 0;
    this.idStart = start + 1;
    this.idEnd = stop - 1;
    return stop;
  }

  /**
   * Reads a decimal number into `#number`; returns the index after it, 0 for an unusual one. An
   * exponent is left behind it, where no object goes on.
   */
  #readNumber(bytes: Buffer, start: number, end: number): number {
    let at = start;
    const isNegative = bytes[at] === Char.Minus;
    if (isNegative) at += 1;
    const digitsFrom = at;
    let mantissa = 0;
    let byte = bytes[at];
    while (byte >= Char.Zero && byte <= Char.Nine && at < end) {
      mantissa = mantissa * 10 + (byte - Char.Zero);
      byte = bytes[(at += 1)];
    }
    const wholeDigits = at - digitsFrom;
    // JSON allows neither `.5` nor `007`.
    if (wholeDigits === 0 || (wholeDigits > 1 && bytes[digitsFrom] === Char.Zero)) return 0;
    let decimals = 0;
    if (byte === Char.Dot) {
      byte = bytes[(at += 1)];
      const decimalsFrom = at;
      while (byte >= Char.Zero && byte <= Char.Nine && at < end) {
        mantissa = mantissa * 10 + (byte - Char.Zero);
        byte = bytes[(at += 1)];
      }
      decimals = at - decimalsFrom;
      if (decimals === 0) return 0;
    }
    if (wholeDigits + decimals > exactDigits || at >= end) return 0;
    // Both operands are exact, so the quotient is the double nearest to the decimal number
    // (Clinger, How to Read Floating Point Numbers Accurately, 1990).
    const value = decimals === 0 ? mantissa : mantissa / powersOfTen[decimals];
    this.#number = isNegative ? -value : value;
    return at;
  }
}

/** The index after a quoted text of printable ASCII without quotes or backslashes; 0 for another. */
function plainTextEnd(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] !== Char.Quote) return 0;
  for (let at = start + 1; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === Char.Quote) return at + 1;
    if (byte < Char.Space || byte >= Char.Delete || byte === Char.Backslash) return 0;
  }
  return 0;
}

function fourBytes(bytes: Buffer, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** Whether a name stands at `at`, where its first four bytes do. */
function isNamed(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let index = 4; index < name.length; index += 1) {
    if (bytes[at + index] !== name[index]) return false;
  }
  return true;
}

function isAt(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index += 1) {
    if (bytes[at + index] !== expected[index]) return false;
  }
  return true;
}

/** Where the value begins behind a name (with its colon) at `at`: a space may come before it. */
function valueAt(bytes: Buffer, at: number, name: Buffer): number {
  const start = at + name.length;
  return bytes[start] === Char.Space ? start + 1 : start;
}
