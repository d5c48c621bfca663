/** Times in the display's zone, on ordinary days and where clocks change. */
import {
  addDays,
  clockTime,
  formatMoment,
  isDate,
  startOfDayMs,
  zoneOffsetMs,
} from '../src/zoned-time.js';

const at = (text: string): number => Date.parse(text);

describe('what the clocks of a zone show', () => {
  test.each([
    ['2025-10-02T17:58:37.9Z', 'UTC', '2025-10-02', '17:58:37'],
    ['2025-10-02T17:58:37Z', 'Asia/Shanghai', '2025-10-03', '01:58:37'],
    ['2025-10-02T22:00:00Z', 'Europe/Berlin', '2025-10-03', '00:00:00'],
    ['2025-01-01T02:00:00Z', 'America/St_Johns', '2024-12-31', '22:30:00'],
    ['2025-06-01T00:00:00Z', 'Asia/Kathmandu', '2025-06-01', '05:45:00'],
  ])('%s in %s', (instant, zone, date, time) => {
    expect(clockTime(at(instant), zone)).toEqual({ date, time });
  });

  test.each([
    ['2025-10-02T12:00:00.250Z', 'Europe/Berlin', 2],
    ['2025-12-02T12:00:00Z', 'Europe/Berlin', 1],
    ['2025-12-02T12:00:00Z', 'America/Los_Angeles', -8],
    ['2025-12-02T12:00:00Z', 'Asia/Kolkata', 5.5],
  ])('%s in %s is %d h ahead', (instant, zone, hours) => {
    expect(zoneOffsetMs(at(instant), zone)).toBe(hours * 3_600_000);
  });
});

describe('where a day begins', () => {
  test.each([
    ['an ordinary day', '2025-10-02', 'UTC', '2025-10-02T00:00:00Z'],
    ['east', '2025-10-02', 'Asia/Shanghai', '2025-10-01T16:00:00Z'],
    ['west', '2025-10-02', 'America/Los_Angeles', '2025-10-02T07:00:00Z'],
    ['the day when summer time begins', '2025-03-30', 'Europe/Berlin', '2025-03-29T23:00:00Z'],
    ['the day after', '2025-03-31', 'Europe/Berlin', '2025-03-30T22:00:00Z'],
    ['the day when it ends', '2025-10-26', 'Europe/Berlin', '2025-10-25T22:00:00Z'],
    ['the day after that', '2025-10-27', 'Europe/Berlin', '2025-10-26T23:00:00Z'],
    ['midnight is skipped', '2024-09-08', 'America/Santiago', '2024-09-08T04:00:00Z'],
    ['midnight comes twice', '2024-11-03', 'America/Havana', '2024-11-03T04:00:00Z'],
  ])('%s: %s in %s', (_what, date, zone, instant) => {
    expect(new Date(startOfDayMs(date, zone)).toISOString()).toBe(new Date(instant).toISOString());
  });
});

test.each([
  ['2025-10-02', 1, '2025-10-03'],
  ['2025-12-31', 1, '2026-01-01'],
  ['2024-02-28', 1, '2024-02-29'],
  ['2025-03-01', -1, '2025-02-28'],
])('%s and %d days is %s', (date, days, expected) => {
  expect(addDays(date, days)).toBe(expected);
});

test.each([
  ['2025-10-02', true],
  ['2024-02-29', true],
  ['2025-02-29', false],
  ['2025-13-01', false],
  ['25-10-02', false],
  ['2025-10-02T00:00', false],
  ['', false],
])('whether %p is a date: %p', (text, expected) => {
  expect(isDate(text)).toBe(expected);
});

test.each([
  ['of today', '2025-10-02T10:00:00Z', '10:00:00'],
  ['of yesterday', '2025-10-01T10:00:00Z', '2025-10-01 10:00:00'],
])('a moment %s', (_when, instant, expected) => {
  expect(formatMoment(at(instant), at('2025-10-02T12:00:00Z'), 'UTC')).toBe(expected);
});
