/** Numbers, sizes and durations as people read them. */
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
} from '../src/format.js';

test.each<[number | null | undefined, number, string]>([
  [24.1, 1, '24.1'],
  [24.05, 1, '24.1'],
  [-0.04, 1, '0.0'],
  [-0.06, 1, '-0.1'],
  [1_234_567.8, 0, '1,234,568'],
  [0, 0, '0'],
  [-0.2, 0, '0'],
  [null, 1, '–'],
  [undefined, 1, '–'],
  [NaN, 1, '–'],
  [Infinity, 0, '–'],
])('the number %p with %d decimals is %s', (value, decimals, expected) => {
  expect(formatNumber(value, decimals)).toBe(expected);
});

test.each([
  [0, '0 rows'],
  [1, '1 row'],
  [2_000, '2,000 rows'],
])('%d is %s', (count, expected) => {
  expect(formatCount(count, 'row')).toBe(expected);
});

test.each<[number | null, string]>([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 KB'],
  [41_200_000, '41.2 MB'],
  [99_940_000, '99.9 MB'],
  [99_960_000, '100 MB'],
  [999_600_000, '1.0 GB'],
  [120e9, '120 GB'],
  [5e18, '5,000 PB'],
  [null, '–'],
])('%p bytes are %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected);
});

test.each<[number | null, string]>([
  [0, '0 s'],
  [-3, '0 s'],
  [59.9, '59 s'],
  [60, '1 min'],
  [119, '1 min'],
  [3_600, '1 h'],
  [7_500, '2 h 5 min'],
  [86_400, '1 d'],
  [90_000, '1 d 1 h'],
  [90_000_000, '1041 d 16 h'],
  [null, '–'],
])('%p seconds last %s', (seconds, expected) => {
  expect(formatDuration(seconds)).toBe(expected);
});

test.each<[number | undefined, string]>([
  [0.4, 'now'],
  [-4, 'now'],
  [12, '12 s ago'],
  [-7_200, 'in 2 h'],
  [undefined, '–'],
])('an age of %p seconds is %s', (seconds, expected) => {
  expect(formatAge(seconds)).toBe(expected);
});
