/**
 * Reads times as gateways usually write them, `YYYY-MM-DD HH:MM:SS` on the zone's clock, from their
 * bytes.
 *
 * What always holds: what it takes, `sentTimeUs` takes too, for the very same instant.
 */
import { localTimeUs, type TimeZone } from '@zdenergy/core';

const enum Char {
  Space = 0x20,
  Quote = 0x22,
  Minus = 0x2d,
  Zero = 0x30,
  Colon = 0x3a,
  T = 0x54,
}

/** `YYYY-MM-DD HH:` decides the day and the hour. */
const hourLength = 14;
const timeLength = 19;

export class UsualTime {
  /** The time that was read last. */
  us = 0;
  readonly #zone: TimeZone;
  /** Neighbouring readings nearly always share the hour: its bytes and the instant it began. */
  readonly #hour = new Uint8Array(hourLength);
  #hourStartUs = Number.NaN;

  constructor(zone: TimeZone) {
    this.#zone = zone;
  }

  /** Reads the text whose quote is at `quoteAt` into `us`; returns the index after it, or 0. */
  read(bytes: Buffer, quoteAt: number, end: number): number {
    const start = quoteAt + 1;
    const close = start + timeLength;
    if (close >= end || bytes[quoteAt] !== Char.Quote || bytes[close] !== Char.Quote) return 0;
    if (!this.#isKnownHour(bytes, start) && !this.#readHour(bytes, start)) return 0;
    const minute = twoDigits(bytes, start + hourLength);
    const second = twoDigits(bytes, start + hourLength + 3);
    if (bytes[start + hourLength + 2] !== Char.Colon || !(minute < 60) || !(second < 60)) return 0;
    this.us = this.#hourStartUs + (minute * 60 + second) * 1_000_000;
    return close + 1;
  }

  #isKnownHour(bytes: Buffer, start: number): boolean {
    const hour = this.#hour;
    for (let index = hourLength - 1; index >= 0; index -= 1) {
      if (bytes[start + index] !== hour[index]) return false;
    }
    return true;
  }

  /** Reads `YYYY-MM-DD HH:`; false when it is none, or the zone's offset changes within that hour. */
  #readHour(bytes: Buffer, start: number): boolean {
    const separator = bytes[start + 10];
    const isShaped =
      bytes[start + 4] === Char.Minus &&
      bytes[start + 7] === Char.Minus &&
      (separator === Char.Space || separator === Char.T) &&
      bytes[start + 13] === Char.Colon;
    if (!isShaped) return false;
    const localUs = localTimeUs(
      twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2),
      twoDigits(bytes, start + 5),
      twoDigits(bytes, start + 8),
      twoDigits(bytes, start + 11),
      0,
      0,
    );
    if (localUs === undefined || Number.isNaN(localUs)) return false;
    const startUs = this.#zone.toInstantUs(localUs);
    const lastUs = localUs + 3_599_000_000;
    if (this.#zone.toInstantUs(lastUs) - startUs !== lastUs - localUs) return false;
    this.#hour.set(bytes.subarray(start, start + hourLength));
    this.#hourStartUs = startUs;
    return true;
  }
}

/** The number that two digits make; NaN for anything else. */
function twoDigits(bytes: Buffer, at: number): number {
  const tens = bytes[at] - Char.Zero;
  const ones = bytes[at + 1] - Char.Zero;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
