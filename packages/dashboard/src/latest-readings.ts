/**
 * The newest reading of each chosen sensor, with what is known of its interval and its clock.
 *
 * What always holds: a reading never takes the place of one that arrived after it, whatever the
 * sensor's clock says; a sensor that the table of sensors does not list yet is known from the stream
 * alone; a question that was not answered is asked again.
 */
import { askApi } from './api.js';
import type { Reading, Sensor, SensorsAnswer } from './api-answers.js';
import { serverNowMs } from './server-clock.js';
import { throttled } from './throttle.js';

const retryMs = 5_000;
/** A stream that is too fast to be followed says so several times a second. */
const refillEveryMs = 10_000;

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
  #retryTimer: number | undefined;

  of(sensorId: string): Latest | undefined {
    return this.#latest.get(sensorId);
  }

  isUnknown(sensorId: string): boolean {
    return this.#unknown.has(sensorId) && !this.#latest.has(sensorId);
  }

  show(sensorIds: readonly string[]): void {
    this.#sensorIds = sensorIds;
    this.#load();
  }

  /** Asks what may have been missed, at once or when it is time for it. */
  readonly refill = throttled(() => this.#load(), refillEveryMs);

  #load(): void {
    this.#abort?.abort();
    window.clearTimeout(this.#retryTimer);
    const { signal } = (this.#abort = new AbortController());
    const ids = this.#sensorIds;
    if (ids.length === 0) return;
    askApi<SensorsAnswer>('/api/sensors', { sensor_id: ids, limit: ids.length }, signal).then(
      ({ sensors }) => {
        if (signal.aborted) return;
        for (const sensor of sensors) this.#learn(sensor);
        for (const id of ids) {
          if (!sensors.some(({ sensor_id: known }) => known === id)) this.#unknown.add(id);
        }
        this.#changed();
      },
      // Meanwhile the stream tells the newest as it comes; the charts say what is wrong.
      () => {
        if (!signal.aborted) this.#retryTimer = window.setTimeout(() => this.#load(), retryMs);
      },
    );
  }

  add(readings: readonly Reading[]): void {
    for (const reading of readings) {
      // None are chosen until the first reading says which.
      const isShown = this.#sensorIds.length === 0 || this.#sensorIds.includes(reading.sensor_id);
      if (!isShown) continue;
      const known = this.#latest.get(reading.sensor_id);
      if (known !== undefined && !isNewer(reading, receivedAtMs(reading), known)) continue;
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
    const arrivedMs = Date.parse(sensor.received_at);
    const isNews = known === undefined || isNewer(sensor.last_reading, arrivedMs, known);
    this.#latest.set(sensor.sensor_id, {
      reading: isNews ? sensor.last_reading : known.reading,
      receivedAtMs: isNews ? arrivedMs : known.receivedAtMs,
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

/** Of those that arrived together, the one that was measured last is the newest. */
function isNewer({ time }: { readonly time: string }, arrivedMs: number, known: Latest): boolean {
  if (arrivedMs !== known.receivedAtMs) return arrivedMs > known.receivedAtMs;
  return Date.parse(time) >= Date.parse(known.reading.time);
}
