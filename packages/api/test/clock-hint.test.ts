import { clockHint } from '../src/clock-hint.js';

const winterMs = Date.UTC(2026, 0, 15);
const summerMs = Date.UTC(2026, 6, 15);
const hour = 3_600;

const hint = (skew: number | null, zone = 'UTC', nowMs = winterMs, samples = 10): string | null =>
  clockHint({ clockSkew: skew, clockSamples: samples }, zone, nowMs);

describe('a steady offset of whole zones', () => {
  const rows: [skew: number, zone: string, nowMs: number, says: string[]][] = [
    [8 * hour, 'UTC', winterMs, ['8 h ahead', 'Asia/Shanghai or Etc/GMT-8']],
    [8 * hour - 150, 'UTC', winterMs, ['8 h ahead', 'Asia/Shanghai']],
    [-5 * hour, 'UTC', winterMs, ['5 h behind', 'America/New_York or Etc/GMT+5']],
    [5.5 * hour, 'UTC', winterMs, ['5 h 30 min ahead', 'Asia/Kolkata;']],
    [5.75 * hour, 'UTC', winterMs, ['5 h 45 min ahead', 'Asia/Kathmandu']],
    [-8 * hour, 'Asia/Shanghai', winterMs, ['8 h behind', 'example UTC;', 'than Asia/Shanghai']],
    [hour, 'Asia/Shanghai', winterMs, ['1 h ahead', 'Asia/Tokyo or Etc/GMT-9']],
    [-hour, 'Europe/Berlin', winterMs, ['1 h behind', 'example UTC;']],
    [-2 * hour, 'Europe/Berlin', summerMs, ['2 h behind', 'example UTC;']],
    [14 * hour, 'UTC', winterMs, ['14 h ahead', 'Etc/GMT-14']],
    [-12 * hour, 'UTC', winterMs, ['12 h behind', 'Etc/GMT+12']],
    [
      -0.5 * hour,
      'UTC',
      winterMs,
      ['30 min behind', 'one whose clocks are 30 min behind, seen from UTC'],
    ],
  ];
  it.each(rows)('of %d s in %s', (skew, zone, nowMs, says) => {
    for (const part of says) expect(hint(skew, zone, nowMs)).toContain(part);
  });
});

describe('nothing is said of', () => {
  const rows: [what: string, skew: number | null, zone: string, samples: number][] = [
    ['no skew', 0, 'UTC', 10],
    ['a small one', 100, 'UTC', 10],
    ['one between zones', 8 * hour + 200, 'UTC', 10],
    ['one between zones, behind', -(8 * hour + 200), 'UTC', 10],
    ['one that no zone has', 15 * hour, 'UTC', 10],
    ['one that no zone has, behind', -13 * hour, 'UTC', 10],
    ['one that leaves the last zone', 8 * hour, 'Asia/Shanghai', 10],
    ['days', 10 * 24 * hour, 'UTC', 10],
    ['an unknown one', null, 'UTC', 10],
    ['one that was steady for too short a time', 8 * hour, 'UTC', 9],
  ];
  it.each(rows)('%s', (_what, skew, zone, samples) => {
    expect(hint(skew, zone, winterMs, samples)).toBeNull();
  });
});
