/**
 * Times without an offset, of the clocks of one zone, as instants; also around the nights on which the
 * clocks are set.
 *
 * In the hour that autumn repeats a time alone does not say which of the two it is. The order of a
 * sensor's readings does: once its times go back, they are of the second. What always holds: the
 * same rows in the same order give the same instants, also when reading was stopped in between, since
 * the state goes with the place where it goes on. A time in the hour that spring skips, which no right
 * clock shows, is read with the offset before the change. Both are counted.
 */
import { timeZone, type TimeZone } from '@zdenergy/core';

const quarterUs = 900_000_000;
const dayMs = 24 * 3_600_000;
/** Less is a reading that came late, and no clock that was set back. */
const setBackUs = 600_000_000;
/** Longer than any repeated time: the next autumn's is another one. */
const sameNightUs = 3 * 3_600_000_000;
const maxKeptQuarters = 10_000;

/** How the clocks of a quarter of an hour relate to UTC. */
interface Quarter {
  readonly kind: 'plain' | 'skipped' | 'repeated';
  /** What the clocks are ahead of UTC; in a repeated hour for the first time. */
  readonly offsetUs: number;
  /** For the second time. */
  readonly laterOffsetUs: number;
}

interface Passed {
  readonly localUs: number;
  readonly isSecond: boolean;
}

/** What a sensor last showed in a repeated hour: its id, the local time, whether it was the second. */
export type RepeatedHourState = readonly (readonly [string, number, boolean])[];

export class LocalTimes {
  /** Whose times are asked for next. */
  sensorId = '';
  skipped = 0;
  repeated = 0;
  readonly #zone: TimeZone;
  readonly #quarters = new Map<number, Quarter>();
  /** Of sensors whose last time was in a repeated hour. */
  readonly #passed: Map<string, Passed>;

  /** @throws {RangeError} when the zone is unknown. */
  constructor(zone: string, state: RepeatedHourState = []) {
    this.#zone = timeZone(zone);
    this.#passed = new Map(
      state.map(([sensorId, localUs, isSecond]) => [sensorId, { localUs, isSecond }]),
    );
  }

  get state(): RepeatedHourState {
    return [...this.#passed].map(([id, { localUs, isSecond }]) => [id, localUs, isSecond]);
  }

  /** The instant at which the zone's clocks showed a time to this sensor; microseconds. */
  toInstantUs(localUs: number): number {
    const { kind, offsetUs, laterOffsetUs } = this.#quarterOf(localUs);
    if (kind === 'repeated') {
      this.repeated += 1;
      return localUs - (this.#isSecond(localUs) ? laterOffsetUs : offsetUs);
    }
    if (kind === 'skipped') this.skipped += 1;
    if (this.#passed.size > 0) this.#passed.delete(this.sensorId);
    return localUs - offsetUs;
  }

  #isSecond(localUs: number): boolean {
    const last = this.#passed.get(this.sensorId);
    const isSameNight = last !== undefined && Math.abs(localUs - last.localUs) < sameNightUs;
    const isSecond = isSameNight && (last.isSecond || localUs < last.localUs - setBackUs);
    this.#passed.set(this.sensorId, { localUs, isSecond });
    return isSecond;
  }

  #quarterOf(localUs: number): Quarter {
    const number = Math.floor(localUs / quarterUs);
    const known = this.#quarters.get(number);
    if (known !== undefined) return known;
    if (this.#quarters.size >= maxKeptQuarters) this.#quarters.clear();
    const quarter = this.#lookAt((number * quarterUs) / 1_000);
    this.#quarters.set(number, quarter);
    return quarter;
  }

  /** Changes fall on full quarters of an hour, so that one look serves the whole of it. */
  #lookAt(localMs: number): Quarter {
    const offsetMs = (instantMs: number): number => this.#zone.toLocalMs(instantMs) - instantMs;
    const [before, after] = [offsetMs(localMs - dayMs), offsetMs(localMs + dayMs)];
    const fits = (offset: number): boolean => offsetMs(localMs - offset) === offset;
    const right = [...new Set([before, after])].filter(fits);
    const [offset = before] = right;
    return {
      kind: right.length === 0 ? 'skipped' : right.length === 1 ? 'plain' : 'repeated',
      offsetUs: offset * 1_000,
      laterOffsetUs: (right[1] ?? offset) * 1_000,
    };
  }
}
