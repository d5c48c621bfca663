/** What charts draw: history and new readings in one series, its gaps, its summary. */
import type { HistorySeries, Reading } from '../src/api-answers.js';
import {
  addReading,
  emptySeries,
  gapSeconds,
  lastOf,
  lineOf,
  seriesOf,
  summaryOf,
  trimBefore,
  type SensorSeries,
} from '../src/series.js';

const reading = (seconds: number, temp: number | null): Reading => ({
  sensor_id: 'a',
  time: new Date(seconds * 1_000).toISOString(),
  temp,
  rh: null,
  lux: null,
  irradiance: null,
});

function seriesWith(
  bucketSeconds: number,
  points: readonly [number, number | null][],
): SensorSeries {
  const series = emptySeries('a', bucketSeconds);
  for (const [seconds, temp] of points) addReading(series, reading(seconds, temp));
  return series;
}

const temperatures = ({ time, channels }: SensorSeries): (number | null | undefined)[][] =>
  time.map((seconds, index) => [seconds, channels.temp.mean[index]]);

describe('readings that come in', () => {
  test.each<[string, readonly [number, number][], readonly [number, number][]]>([
    [
      'in order',
      [
        [1, 10],
        [2, 20],
      ],
      [
        [1, 10],
        [2, 20],
      ],
    ],
    [
      'late ones go to their place',
      [
        [1, 10],
        [3, 30],
        [2, 20],
      ],
      [
        [1, 10],
        [2, 20],
        [3, 30],
      ],
    ],
    [
      'before all others',
      [
        [2, 20],
        [1, 10],
      ],
      [
        [1, 10],
        [2, 20],
      ],
    ],
    [
      'told twice',
      [
        [1, 10],
        [2, 20],
        [1, 10],
        [2, 20],
      ],
      [
        [1, 10],
        [2, 20],
      ],
    ],
    [
      'within one second',
      [
        [1.25, 10],
        [1.5, 20],
      ],
      [
        [1.25, 10],
        [1.5, 20],
      ],
    ],
  ])('%s', (_how, told, kept) => {
    expect(temperatures(seriesWith(0, told))).toEqual(kept);
  });

  test('say what became of them', () => {
    const series = seriesWith(0, [[1, 10]]);
    expect(addReading(series, reading(1, 10))).toBe('known');
    expect(addReading(series, { ...reading(1, 10), time: 'never' })).toBe('known');
    expect(addReading(series, reading(2, 10))).toBe('added');
    expect(addReading(series, reading(0, 10))).toBe('added');
  });

  test('make means with their lowest and highest value in buckets', () => {
    const series = seriesWith(60, [
      [10, 1],
      [65, 10],
      [70, 20],
      [75, 0],
      [119, 30],
      [120, 5],
      // It may have been in its bucket from the beginning.
      [80, 99],
    ]);
    expect(series.time).toEqual([10, 65, 120]);
    expect(series.channels.temp).toEqual({ mean: [1, 15, 5], low: [1, 0, 5], high: [1, 30, 5] });
  });

  test('without the measurement leave a bucket as it is', () => {
    const series = seriesWith(60, [
      [65, 10],
      [70, null],
    ]);
    expect(series.channels.temp).toEqual({ mean: [10], low: [10], high: [10] });
  });

  test('fill a bucket in which it was not measured yet', () => {
    const series = seriesWith(60, [
      [65, null],
      [70, 4],
    ]);
    expect(series.channels.temp).toEqual({ mean: [4], low: [4], high: [4] });
  });
});

describe('history', () => {
  const history: HistorySeries = {
    sensor_id: 'a',
    count: 20,
    time: [0, 60],
    temp: [10, 20],
    temp_min: [5, 15],
    temp_max: [12, 25],
    rh: [null, null],
    lux: [null, null],
    irradiance: [null, null],
    readings: [10, 10],
    last: { time: 69, temp: 22, rh: null, lux: null, irradiance: null },
  };

  test('of readings has no lowest and highest of its own', () => {
    const { sensor_id, count, time, temp: values, rh, lux, irradiance, last } = history;
    const readings = { sensor_id, count, time, temp: values, rh, lux, irradiance, last };
    const { temp } = seriesOf(readings, 0).channels;
    expect(temp).toEqual({ mean: [10, 20], low: [10, 20], high: [10, 20] });
  });

  test('of buckets weighs more than one reading that comes after', () => {
    const series = seriesOf(history, 60);
    addReading(series, reading(70, 31));
    expect(series.channels.temp).toEqual({ mean: [10, 21], low: [5, 15], high: [12, 31] });
  });

  test('of buckets takes no reading twice', () => {
    const series = seriesOf(history, 60);
    expect(addReading(series, reading(69, 22))).toBe('known');
    expect(addReading(series, reading(70, 31))).toBe('added');
    expect(addReading(series, reading(70, 31))).toBe('known');
    // Of one from before, only the database knows whether its bucket has it.
    expect(addReading(series, reading(69.5, 99))).toBe('late');
    expect(series.weight).toEqual([10, 11]);
  });

  test('ends with its newest reading, not with the mean of a bucket', () => {
    const series = seriesOf(history, 60);
    expect(lastOf(series, 'temp')).toBe(22);
    expect(summaryOf(series, 'temp', 0, 100)).toEqual({ last: 22, low: 5, high: 25 });
    addReading(series, reading(70, 31));
    expect(lastOf(series, 'temp')).toBe(31);
    // What the newest did not measure is as it was before.
    addReading(series, reading(80, null));
    expect(lastOf(series, 'temp')).toBe(31);
  });

  test('is left as it came', () => {
    const series = seriesOf(history, 60);
    addReading(series, reading(130, 31));
    trimBefore(series, 60);
    expect(history.time).toEqual([0, 60]);
    expect(history.temp).toEqual([10, 20]);
  });
});

test('what is older than a moment is forgotten', () => {
  const series = seriesWith(0, [
    [1, 10],
    [2, 20],
    [3, 30],
  ]);
  expect(trimBefore(series, 1)).toBe(false);
  expect(trimBefore(series, 2.5)).toBe(true);
  expect(temperatures(series)).toEqual([[3, 30]]);
});

describe('a gap', () => {
  test.each<[string, readonly number[], number, number]>([
    ['readings every 5 s', [0, 5, 10, 15, 40], 0, 15],
    ['one slow pair among fast', [0, 5, 10, 300, 305, 310], 0, 15],
    ['buckets of 60 s, all filled', [0, 61, 119, 180, 600], 60, 120],
    ['a sensor slower than its buckets', [0, 600, 1_200, 1_800], 60, 1_800],
    ['a single point', [7], 0, Infinity],
    ['nothing', [], 60, Infinity],
  ])('%s', (_what, time, bucketSeconds, expected) => {
    expect(gapSeconds(time, bucketSeconds)).toBe(expected);
  });

  test('is a null half way in the line', () => {
    const line = lineOf(
      seriesWith(0, [
        [0, 1],
        [5, 2],
        [10, 3],
        [50, 4],
        [55, 5],
      ]),
      'temp',
    );
    expect(line.time).toEqual([0, 5, 10, 30, 50, 55]);
    expect(line.mean).toEqual([1, 2, 3, null, 4, 5]);
    expect(line.low).toEqual(line.mean);
    expect(line.high).toEqual(line.mean);
  });

  test('is none where only another measurement was sent', () => {
    const line = lineOf(
      seriesWith(0, [
        [0, 1],
        [5, null],
        [10, 2],
        [15, null],
        [20, 3],
      ]),
      'temp',
    );
    expect(line.time).toEqual([0, 10, 20]);
    expect(line.mean).toEqual([1, 2, 3]);
  });
});

describe('a summary', () => {
  const series = seriesWith(0, [
    [0, 100],
    [5, 2],
    [10, -3],
    [15, 7],
    [20, null],
    [25, 50],
  ]);

  test.each([
    ['within the bounds', 5, 20, { last: 7, low: -3, high: 7 }],
    ['of everything', 0, 25, { last: 50, low: -3, high: 100 }],
    ['of a time without a reading', 30, 40, { last: null, low: null, high: null }],
  ])('%s', (_what, from, to, expected) => {
    expect(summaryOf(series, 'temp', from, to)).toEqual(expected);
  });

  test('of what was never measured', () => {
    expect(summaryOf(series, 'lux', 0, 25)).toEqual({ last: null, low: null, high: null });
  });
});
