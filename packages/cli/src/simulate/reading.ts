/**
 * A simulated reading and its text on the wire.
 *
 * The text depends on nothing but the fleet's seed and the reading itself: sent again, it is the same to the byte.
 */
import { hash, scramble } from './chance.js';
import { weatherAt } from './weather.js';

export interface Reading {
  /** The sensor's number in the fleet. */
  readonly sensor: number;
  /** When it was measured, milliseconds since 1970, UTC. */
  readonly timeMs: number;
  /** Counts a gateway's readings from 1. */
  readonly seq: number;
}

export interface Wording {
  readonly seed: number;
  /** Whether objects carry `seq`, which asks the server for an answer. */
  readonly withSeq: boolean;
  /** Whether objects carry a `place` with characters of two, three and four bytes. */
  readonly withPlace: boolean;
  /** Whether times carry milliseconds: without, readings of one sensor must be a second apart. */
  readonly withMilliseconds: boolean;
}

/** A place name whose characters take two (ä), three (–) and four (🌱) bytes. */
export const multiBytePlace = 'Gewächshaus Süd – 🌱';

/** The sensor's id, 16 hex digits: the seed makes the first half, the sensor's number the second. */
export function sensorId(seed: number, sensor: number): string {
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  return hex(hash(seed)) + hex(scramble(sensor + 1));
}

/** The reading as a JSON object in the gateways' format, with no line end. */
export function readingText(reading: Reading, wording: Wording): string {
  const { seed } = wording;
  const isoTime = new Date(reading.timeMs).toISOString();
  const time = isoTime.slice(0, wording.withMilliseconds ? 23 : 19).replace('T', ' ');
  // From the time as it is sent: two runs at once then agree on what a sensor measured.
  const sentTimeMs = wording.withMilliseconds
    ? reading.timeMs
    : Math.floor(reading.timeMs / 1_000) * 1_000;
  const { temp, rh, lux } = weatherAt(seed, reading.sensor, sentTimeMs);
  const seq = wording.withSeq ? `,"seq":${reading.seq}` : '';
  const place = wording.withPlace ? `,"place":"${multiBytePlace}"` : '';
  return (
    `{"id":"${sensorId(seed, reading.sensor)}","time":"${time}"` +
    `,"temp":${temp.toFixed(2)},"rh":${rh.toFixed(2)},"lux":${lux.toFixed(2)}${seq}${place}}`
  );
}
