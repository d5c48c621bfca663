/** Points of a line among the points of others. */
import { isolatedPoints, nearestMeasured } from '../src/plot-points.js';

type Values = (number | null | undefined)[];

test.each<[string, Values, number[]]>([
  ['no point', [], []],
  ['one point', [5], [0]],
  ['a line', [1, 2, 3], []],
  ['one between gaps', [1, 2, null, 3, null, 4, 5], [3]],
  ['one at each end', [1, null, 2, 3, null, 4], [0, 5]],
  ["other lines' points between two", [1, undefined, 2], []],
  ["other lines' points around one", [1, 2, null, undefined, 3, undefined, null], [4]],
])('isolated: %s', (_what, values, expected) => {
  expect(isolatedPoints(values)).toEqual(expected);
});

const times = [0, 10, 20, 30, 40];

test.each<[string, Values, number, number, number | undefined]>([
  ['right there', [1, 2, 3, 4, 5], 2, 20, 2],
  ['to the left', [1, 2, undefined, undefined, 5], 2, 21, 1],
  ['to the right', [1, undefined, undefined, 4, 5], 2, 21, 3],
  ['as far to both sides', [undefined, 2, undefined, 4], 2, 20, 1],
  ['out of reach', [1, undefined, undefined, undefined, 5], 2, 20, undefined],
  ['in a gap', [undefined, null, null, null, undefined], 2, 20, undefined],
])('nearest: %s', (_what, values, from, atSeconds, expected) => {
  expect(nearestMeasured(times, values, from, atSeconds, 15)).toBe(expected);
});
