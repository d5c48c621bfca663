/**
 * Readings as events of the stream: each is written as JSON once, however many clients get it.
 *
 * What always holds: nothing is written that nobody asks for; a client's readings of one sensor keep
 * their order.
 */
import type { StoredReading } from '@zdenergy/storage';
import { describeReading } from './reading-json.js';
import { serverSentEvent } from './server-sent-event.js';

export interface ReadingEvent {
  readonly bytes: Buffer;
  readonly count: number;
}

export class ReadingEvents {
  readonly #readings: readonly StoredReading[];
  #all: ReadingEvent | undefined;
  #bySensor: Map<string, string[]> | undefined;

  constructor(readings: readonly StoredReading[]) {
    this.#readings = readings;
  }

  /** The event for a client that asked for these sensors (undefined: for all); null: nothing for it. */
  of(sensorIds: ReadonlySet<string> | undefined): ReadingEvent | null {
    if (sensorIds === undefined) return (this.#all ??= readingEvent(this.#readings.map(toJson)));
    this.#bySensor ??= bySensor(this.#readings);
    const asked: string[] = [];
    for (const sensorId of sensorIds) asked.push(...(this.#bySensor.get(sensorId) ?? []));
    return asked.length === 0 ? null : readingEvent(asked);
  }
}

const readingEvent = (texts: readonly string[]): ReadingEvent => ({
  bytes: serverSentEvent('readings', `{"readings":[${texts.join(',')}]}`),
  count: texts.length,
});

function bySensor(readings: readonly StoredReading[]): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const reading of readings) {
    const sensor = texts.get(reading.sensorId) ?? [];
    sensor.push(toJson(reading));
    texts.set(reading.sensorId, sensor);
  }
  return texts;
}

function toJson(reading: StoredReading): string {
  return JSON.stringify({
    ...describeReading(reading, reading.timeUs / 1_000),
    received_at: new Date(reading.receivedAtUs / 1_000).toISOString(),
  });
}
