/** Since when health has been what it is. */
import { healthReport, type HealthReport, type HealthStatus } from '../src/health.js';
import { StatusSince } from '../src/status-since.js';

const startMs = Date.parse('2025-10-02T12:00:00Z');

const report = (status: HealthStatus): HealthReport => {
  const any = healthReport(
    {
      cluster: null,
      database: { connected: null, problem: null },
      memoryReadings: 0,
      staleAfterMs: 600_000,
      version: '0',
    },
    { monotonicMs: 0, wallMs: startMs },
  );
  return { ...any, body: { ...any.body, status } };
};

/** Each: the status, when it is asked for, and what the clock on the wall says too much. */
test.each<[string, readonly [HealthStatus, number, number][], string]>([
  ['from the first look on', [['ok', 0, 0]], '2025-10-02T12:00:00Z'],
  [
    'while it stays',
    [
      ['ok', 0, 0],
      ['ok', 60, 0],
    ],
    '2025-10-02T12:00:00Z',
  ],
  [
    'after a change',
    [
      ['ok', 0, 0],
      ['error', 60, 0],
      ['error', 90, 0],
    ],
    '2025-10-02T12:01:00Z',
  ],
  [
    'back again',
    [
      ['ok', 0, 0],
      ['error', 60, 0],
      ['ok', 90, 0],
    ],
    '2025-10-02T12:01:30Z',
  ],
  [
    'when the wall clock was set',
    [
      ['ok', 0, 0],
      ['ok', 60, 3_600],
    ],
    '2025-10-02T13:00:00Z',
  ],
])('%s', (_when, looks, expected) => {
  const since = new StatusSince();
  const marked = looks.map(([status, seconds, setBy]) =>
    since.mark(report(status), {
      monotonicMs: seconds * 1_000,
      wallMs: startMs + (seconds + setBy) * 1_000,
    }),
  );
  expect(marked.at(-1)?.body.status_since).toBe(expected);
});
