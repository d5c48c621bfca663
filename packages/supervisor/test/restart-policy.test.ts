import { afterDeath, noRestarts, recentRestarts, type Restarts } from '../src/restart-policy.js';

const minuteMs = 60_000;
const middle = 0.5;

/** The delays of a child that dies this way, as often as there are deaths. */
function delays(deaths: readonly { readyForMs: number; fromOutside: boolean }[]): number[] {
  let restarts: Restarts = noRestarts;
  return deaths.map((death) => {
    const next = afterDeath(restarts, death, 0, middle);
    restarts = next.restarts;
    return next.delayMs;
  });
}

const atBoot = { readyForMs: 0, fromOutside: false };
const soonAfter = { readyForMs: 1_000, fromOutside: false };
const settled = { readyForMs: minuteMs, fromOutside: false };
const killedReady = { readyForMs: 1_000, fromOutside: true };
const killedAtBoot = { readyForMs: 0, fromOutside: true };

describe('the delay before a restart', () => {
  it.each([
    [
      'doubles from 250 ms to 30 s',
      [atBoot, atBoot, atBoot, atBoot, atBoot, atBoot, atBoot, atBoot, atBoot],
      [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000],
    ],
    [
      'doubles also for a child that was ready for a moment',
      [soonAfter, soonAfter, soonAfter],
      [250, 500, 1_000],
    ],
    [
      'starts over after a minute of being ready',
      [atBoot, atBoot, settled, atBoot],
      [250, 500, 250, 500],
    ],
    [
      'stays short for a ready child that somebody killed',
      [killedReady, killedReady, killedReady, killedReady],
      [250, 250, 250, 250],
    ],
    [
      'goes on where it was after such a kill',
      [atBoot, atBoot, killedReady, atBoot],
      [250, 500, 250, 1_000],
    ],
    ['doubles for one that is killed before it is ready', [killedAtBoot, killedAtBoot], [250, 500]],
  ])('%s', (_what, deaths, expected) => {
    expect(delays(deaths)).toEqual(expected);
  });

  it.each([
    [0, 200],
    [0.5, 250],
    [1, 300],
  ])('with the random number %p is %p ms: 20 %% either way', (random, expected) => {
    expect(afterDeath(noRestarts, atBoot, 0, random).delayMs).toBe(expected);
  });

  it('is there after ten thousand deaths: it never gives up', () => {
    const last = delays(Array.from({ length: 10_000 }, () => atBoot)).at(-1);
    expect(last).toBe(30_000);
  });
});

describe('the count of restarts', () => {
  it('forgets after five minutes, but not the total', () => {
    let restarts: Restarts = noRestarts;
    for (const nowMs of [0, minuteMs, 4 * minuteMs]) {
      ({ restarts } = afterDeath(restarts, atBoot, nowMs, middle));
    }
    expect(recentRestarts(restarts, 4 * minuteMs)).toBe(3);
    expect(recentRestarts(restarts, 5 * minuteMs)).toBe(2);
    expect(recentRestarts(restarts, 9 * minuteMs)).toBe(0);
    expect(restarts.total).toBe(3);
  });
});
