/**
 * What a chart draws of one sensor: the history that the API gave, and the readings that came since.
 *
 * Values with functions over them. What always holds: times only grow; a reading that is told twice
 * counts once; with `bucketSeconds` 0 each point is a reading, otherwise each is a bucket with its
 * mean, its lowest and its highest value, and newer readings go into buckets of the same length (an
 * older one may be in its bucket already: it is `late`, and only a load tells).
 */
import type { HistorySeries, LastReading, Reading } from './api-answers.js';
import { measurements, type MeasurementKey } from './measurements.js';

type Column = (number | null)[];

interface Channel {
  readonly mean: Column;
  readonly low: Column;
  readonly high: Column;
}

export interface SensorSeries {
  readonly sensorId: string;
  readonly bucketSeconds: number;
  /** Epoch seconds; of a bucket, the time of its first reading. */
  readonly time: number[];
  /** How many readings each point stands for. */
  readonly weight: number[];
  /** The newest values themselves, which the mean of a bucket hides; null: there are none. */
  last: LastReading | null;
  readonly channels: Readonly<Record<MeasurementKey, Channel>>;
}

/** One measurement of one sensor, ready to be drawn: null is a gap. */
export interface Line {
  readonly time: number[];
  readonly mean: Column;
  readonly low: Column;
  readonly high: Column;
}

export interface Summary {
  readonly last: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export function emptySeries(sensorId: string, bucketSeconds: number): SensorSeries {
  const channel = (): Channel => ({ mean: [], low: [], high: [] });
  return {
    sensorId,
    bucketSeconds,
    time: [],
    weight: [],
    last: null,
    channels: { temp: channel(), rh: channel(), lux: channel(), irradiance: channel() },
  };
}

export function seriesOf(history: HistorySeries, bucketSeconds: number): SensorSeries {
  const series = emptySeries(history.sensor_id, bucketSeconds);
  series.time.push(...history.time);
  series.weight.push(...(history.readings ?? history.time.map(() => 1)));
  series.last = history.last;
  for (const { key } of measurements) {
    const { mean, low, high } = series.channels[key];
    mean.push(...history[key]);
    low.push(...(history[`${key}_min`] ?? history[key]));
    high.push(...(history[`${key}_max`] ?? history[key]));
  }
  return series;
}

/** `known`: nothing changed, and nothing is missing. `late`: its bucket may be without it. */
export type Outcome = 'added' | 'known' | 'late';

/** Adds a reading in its place. */
export function addReading(series: SensorSeries, reading: Reading): Outcome {
  const seconds = Date.parse(reading.time) / 1_000;
  if (!Number.isFinite(seconds)) return 'known';
  const newest = series.last?.time ?? -Infinity;
  const isNewest = seconds > newest;
  if (series.bucketSeconds > 0 && !isNewest) return seconds < newest ? 'late' : 'known';
  const index = firstFrom(series.time, seconds, series.bucketSeconds);
  const isThere =
    index < series.time.length &&
    bucketOf(series.time[index] ?? NaN, series.bucketSeconds) ===
      bucketOf(seconds, series.bucketSeconds);
  if (isThere && series.bucketSeconds === 0) return 'known';
  if (isThere) mergeInto(series, index, reading);
  else insertAt(series, index, seconds, reading);
  if (isNewest) series.last = lastAfter(series.last, seconds, reading);
  return 'added';
}

/** What was not measured this time is as it was before. */
function lastAfter(before: LastReading | null, time: number, reading: Reading): LastReading {
  const value = (key: MeasurementKey): number | null => reading[key] ?? before?.[key] ?? null;
  return {
    time,
    temp: value('temp'),
    rh: value('rh'),
    lux: value('lux'),
    irradiance: value('irradiance'),
  };
}

const bucketOf = (seconds: number, bucketSeconds: number): number =>
  bucketSeconds === 0 ? seconds : Math.floor(seconds / bucketSeconds);

/** The first point whose bucket is that of the time, or later. */
function firstFrom(time: readonly number[], seconds: number, bucketSeconds: number): number {
  const bucket = bucketOf(seconds, bucketSeconds);
  let [low, high] = [0, time.length];
  // Nearly always the end: readings come in order.
  if (high > 0 && bucketOf(time[high - 1] ?? 0, bucketSeconds) < bucket) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bucketOf(time[middle] ?? 0, bucketSeconds) < bucket) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insertAt(series: SensorSeries, index: number, seconds: number, reading: Reading): void {
  series.time.splice(index, 0, seconds);
  series.weight.splice(index, 0, 1);
  for (const { key } of measurements) {
    const { mean, low, high } = series.channels[key];
    for (const column of [mean, low, high]) column.splice(index, 0, reading[key]);
  }
}

function mergeInto(series: SensorSeries, index: number, reading: Reading): void {
  const weight = (series.weight[index] ?? 1) + 1;
  series.weight[index] = weight;
  for (const { key } of measurements) {
    const value = reading[key];
    if (value === null) continue;
    const { mean, low, high } = series.channels[key];
    const before = mean[index] ?? null;
    mean[index] = before === null ? value : before + (value - before) / weight;
    low[index] = Math.min(low[index] ?? value, value);
    high[index] = Math.max(high[index] ?? value, value);
  }
}

/** Forgets what is older; returns whether anything was. */
export function trimBefore(series: SensorSeries, seconds: number): boolean {
  let count = 0;
  while (count < series.time.length && (series.time[count] ?? 0) < seconds) count += 1;
  if (count === 0) return false;
  series.time.splice(0, count);
  series.weight.splice(0, count);
  for (const { key } of measurements) {
    const { mean, low, high } = series.channels[key];
    for (const column of [mean, low, high]) column.splice(0, count);
  }
  return true;
}

/**
 * The distance above which two points have a gap between them: 3 usual intervals, or 2 buckets. A
 * sensor slower than the buckets keeps its own interval as the measure.
 */
export function gapSeconds(time: readonly number[], bucketSeconds: number): number {
  const usual = usualInterval(time);
  if (usual === null) return Infinity;
  // First readings of neighbouring buckets are less than two buckets apart.
  const isSlow = bucketSeconds === 0 || usual > 1.5 * bucketSeconds;
  return isSlow ? 3 * usual : 2 * bucketSeconds;
}

/** The median distance, of a sample when there are many; null for less than two points. */
function usualInterval(time: readonly number[]): number | null {
  const step = Math.max(1, Math.floor(time.length / 500));
  const distances: number[] = [];
  for (let index = 1; index < time.length; index += step) {
    distances.push((time[index] ?? 0) - (time[index - 1] ?? 0));
  }
  distances.sort((a, b) => a - b);
  return distances[distances.length >> 1] ?? null;
}

/** What is drawn of one measurement: points without it are left out, and gaps become nulls. */
export function lineOf(series: SensorSeries, key: MeasurementKey): Line {
  const { mean, low, high } = series.channels[key];
  const measured = series.time.flatMap((_, index) => (mean[index] === null ? [] : [index]));
  const time = measured.map((index) => series.time[index] ?? 0);
  const limit = gapSeconds(time, series.bucketSeconds);
  const line: Line = { time: [], mean: [], low: [], high: [] };
  const push = (seconds: number, values: readonly (number | null)[]): void => {
    line.time.push(seconds);
    line.mean.push(values[0] ?? null);
    line.low.push(values[1] ?? null);
    line.high.push(values[2] ?? null);
  };
  measured.forEach((index, position) => {
    const seconds = series.time[index] ?? 0;
    const before = time[position - 1];
    if (before !== undefined && seconds - before > limit) push((before + seconds) / 2, []);
    push(seconds, [mean[index] ?? null, low[index] ?? null, high[index] ?? null]);
  });
  return line;
}

/** What can be said of a line in words, within the bounds. */
export function summaryOf(
  series: SensorSeries,
  key: MeasurementKey,
  fromSeconds: number,
  toSeconds: number,
): Summary {
  const { mean, low, high } = series.channels[key];
  let summary: Summary = { last: null, low: null, high: null };
  series.time.forEach((seconds, index) => {
    const value = mean[index] ?? null;
    if (value === null || seconds < fromSeconds || seconds > toSeconds) return;
    const [lowest, highest] = [low[index] ?? value, high[index] ?? value];
    summary = {
      last: value,
      low: Math.min(summary.low ?? lowest, lowest),
      high: Math.max(summary.high ?? highest, highest),
    };
  });
  const isEndShown = summary.last !== null && (series.last?.time ?? Infinity) <= toSeconds;
  return isEndShown ? { ...summary, last: lastOf(series, key) } : summary;
}

/** The last value: of the newest reading, or, where that did not measure it, of the last point. */
export function lastOf({ last, channels }: SensorSeries, key: MeasurementKey): number | null {
  return last?.[key] ?? channels[key].mean.findLast((value) => value !== null) ?? null;
}
