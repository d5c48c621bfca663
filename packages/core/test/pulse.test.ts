import { Pulse } from '../src/pulse.js';

/** The delay that is told after the last of these beats, of a pulse of 1 s that began at 0. */
function delayAfter(beatsAtMs: readonly number[]): number | undefined {
  const pulse = new Pulse(1_000, 0);
  return beatsAtMs.map((atMs) => pulse.beat(atMs).loopDelayMs).at(-1);
}

const punctual = (fromMs: number, beats: number): number[] =>
  Array.from({ length: beats }, (_, n) => fromMs + (n + 1) * 1_000);

describe('Pulse', () => {
  it.each([
    ['on time', [1_000, 2_000], 0],
    ['early', [0, 500], 0],
    ['late', [1_250], 250],
    ['late once, then on time', [1_250, 2_250], 250],
    ['late twice: the longer counts', [1_250, 2_350, 3_360], 250],
    ['late 30 beats ago', [1_250, ...punctual(1_250, 29)], 250],
    ['late before that', [1_250, ...punctual(1_250, 30)], 0],
  ])('%s', (_when, beatsAtMs, delayMs) => {
    expect(delayAfter(beatsAtMs)).toBe(delayMs);
  });

  it('tells memory and CPU time of this process', () => {
    const pulse = new Pulse(1_000, 0);
    const before = pulse.beat(0);
    const { user } = process.cpuUsage();
    while (process.cpuUsage().user - user < 20_000);
    const after = pulse.beat(1_000);
    expect(after.cpuMs - before.cpuMs).toBeGreaterThanOrEqual(20);
    expect(after.residentBytes).toBeGreaterThan(10_000_000);
  });
});
