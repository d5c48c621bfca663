import { tickMs, TimerWheel } from '../src/simulate/timer-wheel.js';

/** Turns a wheel through time in steps, and notes when each task ran. */
function run(dueTimesMs: number[], untilMs: number, stepMs = tickMs): Map<number, number[]> {
  const wheel = new TimerWheel(0);
  const ran = new Map<number, number[]>();
  for (const dueMs of dueTimesMs) {
    wheel.at(dueMs, (nowMs) => ran.set(dueMs, [...(ran.get(dueMs) ?? []), nowMs]));
  }
  for (let nowMs = 0; nowMs <= untilMs; nowMs += stepMs) wheel.advance(nowMs);
  return ran;
}

describe('the timer wheel', () => {
  it.each([1, 10, 15, 999, 10_239, 10_240, 10_241, 30_000, 99_995])(
    'runs a task due at %d ms once, on time',
    (dueMs) => {
      const times = run([dueMs], 120_000).get(dueMs) ?? [];
      expect(times).toHaveLength(1);
      expect(times[0]).toBeGreaterThanOrEqual(dueMs);
      expect(times[0]).toBeLessThanOrEqual(dueMs + tickMs);
    },
  );

  it('runs what came due in a pause, and nothing else', () => {
    const ran = run([100, 5_000, 11_000, 59_000, 61_000], 60_000, 60_000);
    expect([...ran.keys()].sort((a, b) => a - b)).toEqual([100, 5_000, 11_000, 59_000]);
  });

  it('runs a task that is due already at the next tick', () => {
    const wheel = new TimerWheel(1_000);
    const ran: number[] = [];
    wheel.at(500, (nowMs) => ran.push(nowMs));
    wheel.advance(1_000);
    expect(ran).toEqual([]);
    wheel.advance(1_010);
    expect(ran).toEqual([1_010]);
  });

  it('catches up with a task that sets itself again', () => {
    const wheel = new TimerWheel(0);
    const due: number[] = [];
    const again = (dueMs: number): void => {
      wheel.at(dueMs, () => {
        due.push(dueMs);
        again(dueMs + 10);
      });
    };
    again(10);
    wheel.advance(200);
    expect(due).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) * 10));
  });
});
