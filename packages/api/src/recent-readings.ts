/**
 * The newest readings, held in memory for the live view.
 *
 * What always holds: at most `capacity` readings, and each sensor and time once, whether it came
 * from the live feed or the database. The oldest to arrive makes room for the newest.
 */
import type { StoredReading } from '@zdenergy/storage';

export class RecentReadings {
  readonly #capacity: number;
  /** In the order of arrival, which is the order that a Map keeps. */
  #readings = new Map<string, StoredReading>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#readings.size;
  }

  /** Oldest first. */
  [Symbol.iterator](): Iterator<StoredReading> {
    return this.#readings.values();
  }

  /** Adds readings that have just come in; one that is there already stays as it is. */
  add(readings: Iterable<StoredReading>): void {
    for (const reading of readings) {
      const key = keyOf(reading);
      if (!this.#readings.has(key)) this.#readings.set(key, reading);
    }
    this.#trim();
  }

  /** Puts stored readings, oldest first, before those that have come in since. */
  addOlder(stored: Iterable<StoredReading>): void {
    const live = this.#readings.values();
    this.#readings = new Map();
    // The stored reading wins: of two that claim one sensor and time, the database kept the first.
    this.add(stored);
    this.add(live);
  }

  #trim(): void {
    for (const key of this.#readings.keys()) {
      if (this.#readings.size <= this.#capacity) return;
      this.#readings.delete(key);
    }
  }
}

const keyOf = ({ sensorId, timeUs }: StoredReading): string => `${timeUs} ${sensorId}`;
