import { Histogram } from '../src/histogram.js';

describe('Histogram', () => {
  it.each([
    ['nothing', [], { counts: [0, 0, 0], sum: 0 }],
    ['at a bound, which belongs to it', [[0.5, 1]], { counts: [1, 0, 0], sum: 0.5 }],
    ['just above a bound', [[0.75, 1]], { counts: [0, 1, 0], sum: 0.75 }],
    ['above all bounds', [[100, 1]], { counts: [0, 0, 1], sum: 100 }],
    ['many at once', [[2, 1_000]], { counts: [0, 1_000, 0], sum: 2_000 }],
    ['what a clock that was set back made', [[-3_600, 2]], { counts: [2, 0, 0], sum: 0 }],
    [
      'one after the other',
      [
        [0.25, 2],
        [2, 1],
        [3, 4],
      ],
      { counts: [2, 1, 4], sum: 14.5 },
    ],
  ])('counts %s', (_what, added, expected) => {
    const histogram = new Histogram([0.5, 2]);
    for (const [seconds, times] of added) histogram.add(seconds, times);
    expect(histogram.state).toEqual({ bounds: [0.5, 2], ...expected });
  });

  it('hands out copies', () => {
    const histogram = new Histogram([1]);
    const before = histogram.state;
    histogram.add(0.5);
    expect(before.counts).toEqual([0, 0]);
  });
});
