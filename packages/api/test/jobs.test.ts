/** When jobs are due, which days are to be exported, and what retention says of itself. */
import { timeZone } from '@zdenergy/core';
import { daysSince, dueDay } from '../src/jobs/job.js';
import { retentionInWords } from '../src/jobs/maintenance.js';
import { exportName, maxDays, missingDays, startOfTodayMs } from '../src/jobs/missing-days.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

describe('a job that is due from ten past midnight on', () => {
  it.each([
    ['UTC', '2026-01-01T00:09:59Z', '2025-12-31'],
    ['UTC', '2026-01-01T00:10:00Z', '2026-01-01'],
    ['UTC', '2024-03-01T00:00:00Z', '2024-02-29'],
    ['Asia/Kolkata', '2026-01-01T18:39:59Z', '2026-01-01'],
    ['Asia/Kolkata', '2026-01-01T18:40:00Z', '2026-01-02'],
    ['America/Los_Angeles', '2026-01-01T07:00:00Z', '2025-12-31'],
    // Summer time begins at midnight in Beirut: the clocks go from 23:59 to 01:00.
    ['Asia/Beirut', '2025-03-29T21:59:59Z', '2025-03-29'],
    ['Asia/Beirut', '2025-03-29T22:00:00Z', '2025-03-30'],
    // It ends at midnight: the clocks go from 23:59 to 23:00, and it is the same day once more.
    ['Asia/Beirut', '2025-10-25T20:59:59Z', '2025-10-25'],
    ['Asia/Beirut', '2025-10-25T21:30:00Z', '2025-10-25'],
    ['Asia/Beirut', '2025-10-25T22:10:00Z', '2025-10-26'],
  ])('in %s, at %s, is for %s', (zone, now, day) => {
    const job = { zone: timeZone(zone), fromMs: 10 * minuteMs };
    expect(dueDay(job, Date.parse(now))).toBe(day);
  });
});

it.each([
  [null, '2026-01-01', 0],
  ['2026-01-01', '2026-01-01', 0],
  ['2024-02-28', '2024-03-01', 2],
  ['2026-01-02', '2026-01-01', -1],
  ['2026-01-01', '2036-01-01', 3_652],
])('from %s to %s', (doneFor, day, days) => {
  expect(daysSince(doneFor, day)).toBe(days);
});

describe('the days that are to be exported', () => {
  const ask = (zoneName: string, now: string, names: string[] = [], keptSinceMs = -Infinity) =>
    missingDays({
      nowMs: Date.parse(now),
      zone: timeZone(zoneName),
      names: new Set(names),
      keptSinceMs,
    });

  it('are the last 31, the oldest first', () => {
    const days = ask('UTC', '2024-03-02T00:10:00Z');
    expect(days).toHaveLength(maxDays);
    expect(days[0]?.text).toBe('2024-01-31');
    expect(days.slice(-3).map(({ text }) => text)).toEqual([
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
    ]);
  });

  it('are those without a file', () => {
    const all = ask('UTC', '2026-01-05T12:00:00Z').map(exportName);
    const missing = new Set(['sensor_data_2025-12-31.csv', 'sensor_data_2026-01-04.csv']);
    const names = all.filter((name) => !missing.has(name));
    expect(ask('UTC', '2026-01-05T12:00:00Z', names).map(exportName)).toEqual([...missing]);
    expect(ask('UTC', '2026-01-05T12:00:00Z', all)).toEqual([]);
    expect(ask('UTC', '2026-01-06T00:00:00Z', all).map(exportName)).toEqual([
      'sensor_data_2026-01-05.csv',
    ]);
  });

  it('begin where what is kept begins', () => {
    const keptSinceMs = Date.parse('2026-01-03T00:00:00Z');
    const days = ask('Asia/Shanghai', '2026-01-06T12:00:00Z', [], keptSinceMs);
    // The third of January began in Shanghai while it was the second in UTC.
    expect(days.map(({ text }) => text)).toEqual(['2026-01-04', '2026-01-05']);
  });

  it.each([
    ['Europe/Berlin', '2025-03-31T01:00:00Z', '2025-03-30', 23],
    ['Europe/Berlin', '2025-10-27T01:00:00Z', '2025-10-26', 25],
    ['Asia/Beirut', '2025-03-31T01:00:00Z', '2025-03-30', 23],
    ['Asia/Kolkata', '2025-03-31T01:00:00Z', '2025-03-30', 24],
  ])('in %s, at %s, end with %s, of %i hours', (zoneName, now, text, hours) => {
    const last = ask(zoneName, now).at(-1);
    expect(last).toMatchObject({ text });
    expect((last?.endMs ?? 0) - (last?.startMs ?? 0)).toBe(hours * hourMs);
    expect(last?.endMs).toBe(startOfTodayMs(Date.parse(now), timeZone(zoneName)));
  });

  it('follow each other without a gap', () => {
    const days = ask('Europe/Berlin', '2025-04-10T12:00:00Z');
    expect(days.slice(1).map(({ startMs }) => startMs)).toEqual(
      days.slice(0, -1).map(({ endMs }) => endMs),
    );
  });
});

it.each([
  [[], 0, 'nothing is old enough'],
  [[{ month: '2025-01', readings: 1 }], 0, 'dropped 2025-01 with 1 reading'],
  [
    [
      { month: '2025-01', readings: 1_234_567 },
      { month: '2025-02', readings: 0 },
    ],
    2,
    'dropped 2025-01 with 1,234,567 readings, 2025-02 with 0 readings and deleted 2 rejected readings',
  ],
])('retention that dropped %j and %i rejected ones says so', (months, rejected, words) => {
  expect(retentionInWords(months, rejected)).toBe(words);
});
