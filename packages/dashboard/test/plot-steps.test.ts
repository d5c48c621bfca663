/** Steps of the cursor, and zooms, by key. */
import {
  measuredTimes,
  timeAfterStep,
  zoomedIn,
  zoomedOut,
  type Direction,
} from '../src/plot-steps.js';

test('the times at which any line has a point, within what is shown', () => {
  const lines = [
    [1, undefined, null, 4, undefined, 6],
    [undefined, 2, undefined, undefined, undefined, 6],
    undefined,
  ];
  expect(measuredTimes([0, 10, 20, 30, 40, 50], lines, 5, 50)).toEqual([10, 30, 50]);
});

const times = [0, 10, 20, 30, 100];
test.each<[string, number | undefined, Direction, number, number]>([
  ['to the next', 10, 1, 0, 20],
  ['to the one before', 10, -1, 0, 0],
  ['from between two', 14, -1, 0, 10],
  ['as far as it reaches', 0, 1, 25, 20],
  ['to the next although it is out of reach', 30, 1, 25, 100],
  ['to the last', 10, 1, Infinity, 100],
  ['to the first', 10, -1, Infinity, 0],
  ['nowhere from the last', 100, 1, 0, 100],
  ['back from beyond the last', 120, 1, 0, 100],
  ['onto the chart from the left', undefined, 1, 0, 0],
  ['onto the chart from the right', undefined, -1, 0, 100],
])('a step %s', (_what, at, direction, reach, expected) => {
  expect(timeAfterStep(times, at, direction, reach)).toBe(expected);
});

test('a step without points', () => {
  expect(timeAfterStep([], 10, 1, 0)).toBeUndefined();
});

const span = (fromMs: number, toMs: number): { fromMs: number; toMs: number } => ({ fromMs, toMs });

test('a zoom in leaves the cursor where it is', () => {
  expect(zoomedIn(span(0, 80_000), 20_000)).toEqual(span(10_000, 50_000));
});

test('a zoom in ends at a second', () => {
  expect(zoomedIn(span(0, 2_000), 500)).toEqual(span(250, 1_250));
  expect(zoomedIn(span(0, 1_999), 500)).toBeUndefined();
});

test.each<[string, ReturnType<typeof span>, number, ReturnType<typeof span> | undefined]>([
  ['around the cursor', span(40_000, 50_000), 44_000, span(36_000, 56_000)],
  ['beside the start', span(2_000, 22_000), 22_000, span(0, 40_000)],
  ['beside the end', span(80_000, 98_000), 80_000, span(64_000, 100_000)],
  ['before the start', span(-50_000, -40_000), -40_000, span(-50_000, -30_000)],
  ['to the whole', span(20_000, 70_000), 30_000, undefined],
  ['to the whole but for what was rounded', span(20_000, 69_999), 30_000, undefined],
  ['of more than the whole', span(-200_000, 200_000), 0, undefined],
])('a zoom out %s', (_what, shown, atMs, expected) => {
  expect(zoomedOut(shown, span(0, 100_000), atMs)).toEqual(expected);
});
