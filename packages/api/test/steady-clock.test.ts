import { SteadyClock } from '../src/jobs/steady-clock.js';

const minute = 60_000;
const hour = 60 * minute;
const start = Date.UTC(2025, 9, 2, 22);

/** A look: so long after the start, the wall clock so far ahead of the right time; what it believes. */
type Look = readonly [afterMs: number, aheadMs: number, believedAheadMs: number];

it.each<[string, readonly Look[]]>([
  [
    'that is right, or drifts',
    [
      [0, 0, 0],
      [24 * hour, 4 * minute, 4 * minute],
      [48 * hour, 8 * minute, 8 * minute],
    ],
  ],
  [
    'that is set forward for a while',
    [
      [0, 0, 0],
      [hour, 3 * hour, 0],
      [2 * hour, 3 * hour, 0],
      [3 * hour, 0, 0],
      [27 * hour, 3 * hour, 0],
    ],
  ],
  [
    'that is set forward for good',
    [
      [0, 0, 0],
      [hour, 9 * hour, 0],
      [24 * hour, 9 * hour, 0],
      [25 * hour, 9 * hour, 9 * hour],
    ],
  ],
  [
    'that is set back',
    [
      [0, 0, 0],
      [hour, -9 * hour, -9 * hour],
      [2 * hour, -9 * hour, -9 * hour],
      [3 * hour, 0, -9 * hour],
    ],
  ],
])('believes a clock %s', (_what, looks) => {
  const clock = new SteadyClock();
  for (const [afterMs, aheadMs, believedAheadMs] of looks) {
    const rightMs = start + afterMs;
    expect(clock.at(rightMs + aheadMs, afterMs)).toBe(rightMs + believedAheadMs);
  }
});
