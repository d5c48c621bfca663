import { afterCheck, awakeSince, isHung, type Wakefulness } from '../src/liveness.js';

/** The supervisor's state after checks at these times. */
function checkedAt(...timesMs: number[]): Wakefulness {
  const [first = 0, ...rest] = timesMs;
  return rest.reduce(afterCheck, awakeSince(first));
}

const everySecond = (fromMs: number, toMs: number): number[] =>
  Array.from({ length: (toMs - fromMs) / 1_000 + 1 }, (_, index) => fromMs + index * 1_000);

describe('a child hangs', () => {
  it.each([
    ['after more than the limit', everySecond(0, 11_000), 0, true],
    ['not at the limit itself', everySecond(0, 10_000), 0, false],
    ['not with a fresh beat', everySecond(0, 60_000), 59_500, false],
    ['not before two checks in a row', [0, 11_000], 0, false],
    [
      'not right after the supervisor slept for a minute',
      [...everySecond(0, 2_000), ...everySecond(62_000, 65_000)],
      2_000,
      false,
    ],
    [
      'once it is silent for the whole limit after that sleep',
      [...everySecond(0, 2_000), ...everySecond(62_000, 73_000)],
      2_000,
      true,
    ],
    [
      'not while the supervisor wakes only now and then',
      [0, 5_000, 10_000, 15_000, 20_000],
      0,
      false,
    ],
    [
      'although checks come a little late',
      Array.from({ length: 9 }, (_, index) => index * 1_500),
      0,
      true,
    ],
  ])('%s', (_what, checks, lastBeatMs, expected) => {
    expect(isHung(checkedAt(...checks), lastBeatMs, 10_000)).toBe(expected);
  });
});
