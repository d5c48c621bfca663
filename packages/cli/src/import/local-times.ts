/**
 * Times without an offset, of the clocks of one zone, as instants; also around the nights on which the
 * clocks are set.
 *
 * In the hour that autumn repeats a time alone does not say which of the two it is. The order of a
 * sensor's readings does: once its times go back, they are of the second. Of a sensor that reports about
 * once an hour they hardly go back, if at all; then that time is taken which fits its interval better.
 * What always holds: the same rows in the same order give the same instants, also when reading was
 * stopped in between, since the state goes with the place where it goes on. A time in the hour that spring skips, which no right
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
const hourUs = 3_600_000_000;
/** A sensor with a shorter interval has times that go back by more than `setBackUs`. */
const aboutAnHourUs = 50 * 60_000_000;
/** Two readings of such a sensor tell its interval: so long before the hour they are kept in mind. */
const beforeQuarters = 10;

/** How the clocks of a quarter of an hour relate to UTC. */
interface Quarter {
  readonly kind: 'plain' | 'skipped' | 'repeated';
  /** What the clocks are ahead of UTC; in a repeated hour for the first time. */
  readonly offsetUs: number;
  /** For the second time. */
  readonly laterOffsetUs: number;
  /** A repeated hour begins soon. */
  readonly isBefore: boolean;
}

interface Passed {
  readonly localUs: number;
  readonly isSecond: boolean;
  /** The shortest time between two of its readings, of those kept in mind; 0: not known. */
  readonly intervalUs: number;
}

/**
 * What a sensor showed last, in a repeated hour or shortly before: its id, the local time, whether it was
 * the second of the two, and the shortest time between two of its readings by then.
 */
export type RepeatedHourState = readonly (readonly [string, number, boolean, number])[];

export class LocalTimes {
  /** Whose times are asked for next. */
  sensorId = '';
  skipped = 0;
  repeated = 0;
  readonly #zone: TimeZone;
  readonly #quarters = new Map<number, Quarter>();
  /** Of sensors whose last time was in a repeated hour, or shortly before. */
  readonly #passed: Map<string, Passed>;

  /** @throws {RangeError} when the zone is unknown. */
  constructor(zone: string, state: RepeatedHourState = []) {
    this.#zone = timeZone(zone);
    this.#passed = new Map(
      state.map(([sensorId, localUs, isSecond, intervalUs]) => [
        sensorId,
        { localUs, isSecond, intervalUs },
      ]),
    );
  }

  get state(): RepeatedHourState {
    return [...this.#passed].map(([id, { localUs, isSecond, intervalUs }]) => [
      id,
      localUs,
      isSecond,
      intervalUs,
    ]);
  }

  /** The instant at which the zone's clocks showed a time to this sensor; microseconds. */
  toInstantUs(localUs: number): number {
    const { kind, offsetUs, laterOffsetUs, isBefore } = this.#quarterOf(localUs);
    if (kind === 'repeated') {
      this.repeated += 1;
      const backUs = offsetUs - laterOffsetUs;
      return localUs - (this.#note(localUs, backUs) ? laterOffsetUs : offsetUs);
    }
    if (kind === 'skipped') this.skipped += 1;
    if (isBefore) this.#note(localUs, 0);
    else if (this.#passed.size > 0) this.#passed.delete(this.sensorId);
    return localUs - offsetUs;
  }

  /**
   * Keeps the time in mind, and tells whether it is the second of the two that it may be.
   * @param backUs by how much the clocks are set back; 0: there is one such time only.
   */
  #note(localUs: number, backUs: number): boolean {
    const known = this.#passed.get(this.sensorId);
    const last =
      known !== undefined && Math.abs(localUs - known.localUs) < sameNightUs ? known : undefined;
    const isSecond = backUs > 0 && last !== undefined && isSecondAfter(last, localUs, backUs);
    const intervalUs = last === undefined ? 0 : shortestAfter(last, localUs, isSecond ? backUs : 0);
    this.#passed.set(this.sensorId, { localUs, isSecond, intervalUs });
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
    const rightAt = (ms: number): number[] =>
      [...new Set([before, after])].filter((offset) => offsetMs(ms - offset) === offset);
    const right = rightAt(localMs);
    const [offset = before] = right;
    const isSoon = (quarters: number): boolean =>
      rightAt(localMs + (quarters * quarterUs) / 1_000).length > 1;
    const coming = Array.from({ length: beforeQuarters }, (_, index) => index + 1);
    return {
      kind: right.length === 0 ? 'skipped' : right.length === 1 ? 'plain' : 'repeated',
      offsetUs: offset * 1_000,
      laterOffsetUs: (right[1] ?? offset) * 1_000,
      isBefore: before > after && right.length === 1 && coming.some(isSoon),
    };
  }
}

/** Whether a time that may be two is the second, by the reading before it. */
function isSecondAfter(last: Passed, localUs: number, backUs: number): boolean {
  if (last.isSecond || localUs < last.localUs - setBackUs) return true;
  if (last.intervalUs < aboutAnHourUs || backUs < hourUs) return false;
  const offAs = (instantUs: number): number => Math.abs(instantUs - last.intervalUs);
  const sinceUs = localUs - last.localUs;
  return offAs(sinceUs + backUs) < offAs(sinceUs);
}

/** An outage is longer than a sensor's interval; two rows of one time are no interval at all. */
function shortestAfter(last: Passed, localUs: number, backUs: number): number {
  const passedUs = Math.max(1, localUs - last.localUs + (last.isSecond ? 0 : backUs));
  return last.intervalUs === 0 ? passedUs : Math.min(last.intervalUs, passedUs);
}
