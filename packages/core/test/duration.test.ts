/** Durations as operators write them, and as zdenergy tells them. */
import { formatDuration, parseDurationMs } from '../src/duration.js';

describe('parseDurationMs', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['30 s', 30_000],
    [' 30s ', 30_000],
    ['600', 600_000],
    ['0.5s', 500],
    ['1.5h', 5_400_000],
    ['10m', 600_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['0.0004s', undefined],
    ['0', undefined],
    ['0s', undefined],
    ['-5s', undefined],
    ['', undefined],
    ['s', undefined],
    ['5w', undefined],
    ['5 minutes', undefined],
    ['5m30s', undefined],
    ['1e3s', undefined],
    ['.5s', undefined],
    ['Infinity', undefined],
    ['999999999999999999d', undefined],
  ])('%j is %p ms', (text, durationMs) => {
    expect(parseDurationMs(text)).toBe(durationMs);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0 s'],
    [49, '0 s'],
    [340, '0.3 s'],
    [9_940, '9.9 s'],
    [10_000, '10 s'],
    [41_400, '41 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [125_000, '2 min 5 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [3_605_000, '1 h'],
    [86_399_600, '1 d'],
    [93_600_000, '1 d 2 h'],
    [40 * 86_400_000, '40 d'],
  ])('%d ms is %j', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});
