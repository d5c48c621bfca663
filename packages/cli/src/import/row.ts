/**
 * A row of a source as a reading, by the rules for gateways (core's reading.ts).
 *
 * What always holds: a row gives a reading, or a reason in plain words why it is none; what is only
 * odd, as a time in the future, is counted.
 */
import {
  earliestTimeUs,
  FieldRefused,
  measurement,
  sensorId,
  sentTimeUs,
  type MeasurementName,
  type TimeZone,
} from '@zdenergy/core';
import type { ImportedReading } from '@zdenergy/storage';
import type { LocalTimes } from './local-times.js';

const decimalComma = /^\s*[+-]?\d+,\d+\s*$/;
/** The apostrophe that an export puts in front of what a spreadsheet would run as a formula. */
const defused = /^'(?=[=+\-@\t\r])/;

/** The source has times without an offset, and nobody said of which zone they are. */
export class NoTimeZone extends Error {}

export interface RowRules {
  /** Undefined: none was given. */
  readonly localTimes: LocalTimes | undefined;
  /** Of all rows; undefined: each names its own. */
  readonly sensor: string | undefined;
  readonly luxPerWm2: number;
  readonly clockSkewFutureMs: number;
}

export class RowReader {
  /** How many readings are of a time that has not come yet. */
  future = 0;
  /** When the first and the last of them was measured; microseconds since 1970. */
  firstUs = Infinity;
  lastUs = -Infinity;
  readonly #rules: RowRules;
  readonly #zone: TimeZone;
  #nowUs = Date.now() * 1_000;

  constructor(rules: RowRules) {
    this.#rules = rules;
    const { localTimes } = rules;
    this.#zone = {
      toInstantUs(localUs) {
        if (localTimes === undefined) throw new NoTimeZone();
        return localTimes.toInstantUs(localUs);
      },
      toLocalMs: (instantMs) => instantMs,
    };
  }

  /** A new batch begins: time has passed. */
  begin(): void {
    this.#nowUs = Date.now() * 1_000;
  }

  /**
   * Fields in the order of columns.ts; null or an empty text is no value.
   * @throws {FieldRefused} and {NoTimeZone}
   */
  read(fields: readonly (string | null)[]): ImportedReading {
    const [sensor, time, temperature, humidity, lux, irradiance] = fields;
    const id = this.#sensor(sensor);
    const { localTimes, luxPerWm2 } = this.#rules;
    if (localTimes !== undefined) localTimes.sensorId = id;
    const values = {
      temperature: number('temp', temperature),
      humidity: number('rh', humidity),
      lux: number('lux', lux),
      irradiance: number('irradiance', irradiance),
    };
    if (Number.isNaN(values.irradiance)) values.irradiance = values.lux / luxPerWm2;
    if (Object.values(values).every(Number.isNaN)) throw new FieldRefused('nothing was measured');
    return { sensorId: id, timeUs: this.#time(time), ...values };
  }

  #sensor(text: string | null | undefined): string {
    if (this.#rules.sensor !== undefined) return this.#rules.sensor;
    const given = text?.replace(defused, '') ?? '';
    if (given.includes('\uFFFD')) throw new FieldRefused('the sensor is not written in UTF-8');
    return sensorId(given === '' ? null : given, given);
  }

  #time(text: string | null | undefined): number {
    if (text === null || text === undefined || text.trim() === '') {
      throw new FieldRefused('there is no time');
    }
    const timeUs = sentTimeUs(text, this.#zone);
    if (timeUs === undefined) throw new FieldRefused(`time cannot be read: ${shown(text)}`);
    if (timeUs < earliestTimeUs) {
      throw new FieldRefused(`time is before 2015, of a clock that was never set: ${shown(text)}`);
    }
    if (timeUs > this.#nowUs) {
      if (timeUs > this.#nowUs + this.#rules.clockSkewFutureMs * 1_000) {
        throw new FieldRefused(`time is in the future: ${shown(text)}`);
      }
      this.future += 1;
    }
    this.firstUs = Math.min(this.firstUs, timeUs);
    this.lastUs = Math.max(this.lastUs, timeUs);
    return timeUs;
  }
}

function number(name: MeasurementName, text: string | null | undefined): number {
  if (text === null || text === undefined || text === '') return Number.NaN;
  if (decimalComma.test(text)) {
    throw new FieldRefused(`${name} has a comma: ${shown(text)}. Decimals need a point`);
  }
  return measurement(name, text);
}

const shown = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
