import { RateLimit } from '../src/rate-limit.js';

const minuteMs = 60_000;

it('lets so many through in any minute, and says how long to wait', () => {
  const limit = new RateLimit(3, minuteMs, 10);
  const waits = [0, 20_000, 59_000, 59_500, 60_000, 60_001, 79_999, 80_000].map((nowMs) =>
    limit.take('a', nowMs),
  );
  expect(waits).toEqual([0, 0, 0, 500, 0, 19_999, 1, 0]);
});

it('counts each client alone', () => {
  const limit = new RateLimit(1, minuteMs, 10);
  expect([limit.take('a', 0), limit.take('b', 1), limit.take('a', 2)]).toEqual([0, 0, 59_998]);
});

it('lets a client in again however often it was refused', () => {
  const limit = new RateLimit(1, minuteMs, 10);
  limit.take('a', 0);
  for (let nowMs = 1; nowMs < minuteMs; nowMs += 100) {
    expect(limit.take('a', nowMs)).toBe(minuteMs - nowMs);
  }
  expect(limit.take('a', minuteMs)).toBe(0);
});

it('forgets the client that was heard of longest ago when there are too many', () => {
  const limit = new RateLimit(1, minuteMs, 2);
  for (const client of ['a', 'b', 'a', 'c']) limit.take(client, 0);
  expect(limit.take('a', 1)).toBeGreaterThan(0);
  expect(limit.take('b', 1)).toBe(0);
});
