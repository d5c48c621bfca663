/**
 * The newest reading of each chosen sensor, with what is known of its interval and its clock.
 *
 * What always holds: an older reading never takes the place of a newer one; a sensor that the table
 * of sensors does not list yet is known from the stream alone.
 */
import { askApi } from './api.js';
import type { Reading, Sensor, SensorsAnswer } from './api-answers.js';
import { serverNowMs } from './server-clock.js';

/** Ids may be part of many others. */
const searchLimit = 1_000;

export interface Latest {
  readonly reading: Omit<Reading, 'sensor_id'>;
  readonly receivedAtMs: number;
  /**
   * Since when its silence counts: the table of sensors is some seconds behind, and what it calls
   * online is so until the stream has had its time to say more.
   */
  readonly silentSinceMs: number;
  readonly intervalSeconds: number | null;
  readonly clockHint: string | null;
}

export class LatestReadings {
  #sensorIds: readonly string[] = [];
  readonly #latest = new Map<string, Latest>();
  /** Those that the server has been asked for and does not know. */
  readonly #unknown = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #abort: AbortController | undefined;

  of(sensorId: string): Latest | undefined {
    return this.#latest.get(sensorId);
  }

  isUnknown(sensorId: string): boolean {
    return this.#unknown.has(sensorId) && !this.#latest.has(sensorId);
  }

  show(sensorIds: readonly string[]): void {
    this.#sensorIds = sensorIds;
    this.refill();
  }

  refill(): void {
    this.#abort?.abort();
    const { signal } = (this.#abort = new AbortController());
    for (const id of this.#sensorIds) {
      find(id, signal).then(
        (sensor) => {
          if (signal.aborted) return;
          if (sensor === undefined) this.#unknown.add(id);
          else this.#learn(sensor);
          this.#changed();
        },
        // The stream tells the newest as it comes; the charts say what is wrong.
        () => undefined,
      );
    }
  }

  add(readings: readonly Reading[]): void {
    for (const reading of readings) {
      // None are chosen until the first reading says which.
      const isShown = this.#sensorIds.length === 0 || this.#sensorIds.includes(reading.sensor_id);
      if (!isShown) continue;
      const known = this.#latest.get(reading.sensor_id);
      if (known !== undefined && Date.parse(reading.time) < Date.parse(known.reading.time))
        continue;
      this.#latest.set(reading.sensor_id, {
        reading,
        receivedAtMs: receivedAtMs(reading),
        silentSinceMs: receivedAtMs(reading),
        intervalSeconds: known?.intervalSeconds ?? null,
        clockHint: known?.clockHint ?? null,
      });
    }
    this.#changed();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #learn(sensor: Sensor): void {
    const known = this.#latest.get(sensor.sensor_id);
    const isNewer =
      known === undefined || Date.parse(sensor.last_reading.time) >= Date.parse(known.reading.time);
    this.#latest.set(sensor.sensor_id, {
      reading: isNewer ? sensor.last_reading : known.reading,
      receivedAtMs: isNewer ? Date.parse(sensor.received_at) : known.receivedAtMs,
      silentSinceMs: sensor.status === 'online' ? serverNowMs() : Date.parse(sensor.received_at),
      intervalSeconds: sensor.interval_seconds,
      clockHint: sensor.clock_hint,
    });
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

const receivedAtMs = ({ received_at }: Reading): number =>
  received_at === undefined ? serverNowMs() : Date.parse(received_at);

async function find(id: string, signal: AbortSignal): Promise<Sensor | undefined> {
  const { sensors } = await askApi<SensorsAnswer>(
    '/api/sensors',
    { search: id, limit: searchLimit },
    signal,
  );
  return sensors.find((sensor) => sensor.sensor_id === id);
}
