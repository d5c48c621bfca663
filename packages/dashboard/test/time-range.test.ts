/** Which instants a choice of time covers. */
import { boundsOf, rangeName, takesReadings, type TimeRange } from '../src/time-range.js';

const now = '2025-10-02T12:00:00Z';
const nowMs = Date.parse(now);
const zone = 'Europe/Berlin';

const zoom: TimeRange = { kind: 'zoom', fromMs: nowMs - 60_000, toMs: nowMs + 60_000 };

interface Case {
  readonly range: TimeRange;
  readonly from: string;
  readonly to: string;
  readonly takes: boolean;
  readonly name: string | undefined;
}

const cases: readonly Case[] = [
  {
    range: { kind: 'window', window: '5min' },
    from: '2025-10-02T11:55:00Z',
    to: now,
    takes: true,
    name: 'last 5 minutes',
  },
  {
    range: { kind: 'window', window: '1y' },
    from: '2024-10-02T12:00:00Z',
    to: now,
    takes: true,
    name: 'last year',
  },
  {
    range: { kind: 'day', date: '2025-10-02' },
    from: '2025-10-01T22:00:00Z',
    to: '2025-10-02T22:00:00Z',
    takes: true,
    name: '2025-10-02',
  },
  {
    range: { kind: 'day', date: '2025-10-01' },
    from: '2025-09-30T22:00:00Z',
    to: '2025-10-01T22:00:00Z',
    takes: false,
    name: '2025-10-01',
  },
  {
    range: { kind: 'days', start: '2025-03-29', end: '2025-03-30' },
    from: '2025-03-28T23:00:00Z',
    to: '2025-03-30T22:00:00Z',
    takes: false,
    name: '2025-03-29 to 2025-03-30',
  },
  {
    range: { kind: 'days', start: '2025-10-01', end: '2025-10-03' },
    from: '2025-09-30T22:00:00Z',
    to: '2025-10-03T22:00:00Z',
    takes: true,
    name: '2025-10-01 to 2025-10-03',
  },
  {
    range: zoom,
    from: '2025-10-02T11:59:00Z',
    to: '2025-10-02T12:01:00Z',
    takes: false,
    name: undefined,
  },
];

test.each(cases)('$range', ({ range, from, to, takes, name }) => {
  const bounds = boundsOf(range, nowMs, zone);
  expect(bounds).toEqual({ fromMs: Date.parse(from), toMs: Date.parse(to) });
  expect(takesReadings(range, nowMs, zone)).toBe(takes);
  expect(rangeName(range)).toBe(name);
});
