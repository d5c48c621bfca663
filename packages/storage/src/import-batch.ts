/**
 * Rows of a source that is moved in, as one batch to store.
 *
 * What always holds: when a reading came is not known, so it counts as received when it was measured,
 * and never later than now. A sensor that has long been silent then shows as silent, and nothing is
 * learned of its clock.
 */
import { Batch } from './batch.js';
import type { Buckets } from './postgres/rollups.js';
import type { LastReadings } from './postgres/sensors.js';

const bucketUs = 5 * 60 * 1_000_000;
/** Beyond, ids are encoded anew. */
const maxKeptIds = 20_000;

export interface ImportedReading {
  readonly sensorId: string;
  /** Microseconds since 1970. */
  readonly timeUs: number;
  /** NaN: not measured. */
  readonly temperature: number;
  readonly humidity: number;
  readonly lux: number;
  readonly irradiance: number;
}

interface SensorRows {
  readonly bucketsUs: Set<number>;
  lastUs: number;
}

export class ImportBatch {
  readonly rows = new Batch();
  readonly #sensors = new Map<string, SensorRows>();
  readonly #ids = new Map<string, Buffer>();
  #nowUs = Date.now() * 1_000;

  get count(): number {
    return this.rows.count;
  }

  clear(): void {
    this.rows.clear();
    this.#sensors.clear();
    this.#nowUs = Date.now() * 1_000;
  }

  /** @param origin tells a person where in the source it stood. */
  add(reading: ImportedReading, origin: string): void {
    const { sensorId, timeUs, temperature, humidity, lux, irradiance } = reading;
    const id = this.#idOf(sensorId);
    const receivedAtUs = Math.min(timeUs, this.#nowUs);
    this.rows.addReading(
      origin,
      id,
      0,
      id.length,
      timeUs,
      temperature,
      humidity,
      lux,
      irradiance,
      null,
      receivedAtUs,
    );
    const sensor = this.#sensors.get(sensorId);
    const startUs = Math.floor(timeUs / bucketUs) * bucketUs;
    if (sensor === undefined) {
      this.#sensors.set(sensorId, { bucketsUs: new Set([startUs]), lastUs: timeUs });
    } else {
      sensor.bucketsUs.add(startUs);
      sensor.lastUs = Math.max(sensor.lastUs, timeUs);
    }
  }

  /** The texts must be such that Postgres can hold them. */
  reject(origin: string, reason: string, raw: string): void {
    this.rows.addRejected(this.#nowUs, origin, reason, raw);
  }

  /** The 5 minutes in which readings are. */
  get buckets(): Buckets {
    const sensorIds: string[] = [];
    const starts: number[] = [];
    for (const [sensorId, { bucketsUs }] of this.#sensors) {
      for (const startUs of bucketsUs) {
        sensorIds.push(sensorId);
        starts.push(startUs / 1_000_000);
      }
    }
    return { sensorIds, starts };
  }

  get lastReadings(): LastReadings {
    return {
      sensorIds: [...this.#sensors.keys()],
      timesUs: [...this.#sensors.values()].map(({ lastUs }) => lastUs),
    };
  }

  #idOf(sensorId: string): Buffer {
    const known = this.#ids.get(sensorId);
    if (known !== undefined) return known;
    if (this.#ids.size >= maxKeptIds) this.#ids.clear();
    const id = Buffer.from(sensorId);
    this.#ids.set(sensorId, id);
    return id;
  }
}
