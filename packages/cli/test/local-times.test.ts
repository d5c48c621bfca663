import { timeZone } from '@zdenergy/core';
import { LocalTimes } from '../src/import/local-times.js';

/** Microseconds on a clock that shows this, or of an instant that is given with Z. */
const us = (text: string): number => Date.parse(text.endsWith('Z') ? text : `${text}Z`) * 1_000;
const shown = (instantUs: number): string => new Date(instantUs / 1_000).toISOString().slice(0, 19);

function read(zone: string, times: readonly string[], sensorId = 'A'): string[] {
  const local = new LocalTimes(zone);
  local.sensorId = sensorId;
  return times.map((time) => shown(local.toInstantUs(us(time))));
}

describe('LocalTimes', () => {
  it.each([
    ['Europe/Berlin', '2025-01-15T12:00:00', '2025-01-15T11:00:00'],
    ['Europe/Berlin', '2025-07-15T12:00:00', '2025-07-15T10:00:00'],
    ['America/New_York', '2025-07-15T12:00:00', '2025-07-15T16:00:00'],
    ['Asia/Kathmandu', '2025-07-15T12:00:00', '2025-07-15T06:15:00'],
    ['UTC', '2025-07-15T12:00:00', '2025-07-15T12:00:00'],
  ])('reads a plain time of %s', (zone, time, expected) => {
    expect(read(zone, [time])).toEqual([expected]);
  });

  it('follows a sensor through the hour that autumn repeats', () => {
    const times = ['01:50', '02:10', '02:50', '02:05', '02:55', '03:00'];
    expect(
      read(
        'Europe/Berlin',
        times.map((time) => `2024-10-27T${time}:00`),
      ),
    ).toEqual(
      ['23:50', '00:10', '00:50', '01:05', '01:55', '02:00'].map(
        (time, index) => `2024-10-2${index === 0 ? 6 : 7}T${time}:00`,
      ),
    );
  });

  it.each([
    [50, '00:10'],
    [53, '00:05'],
    [60, '00:30'],
    [60, '00:59'],
    [64, '00:15'],
    [70, '00:00'],
  ])('follows one that reports every %i minutes, from %s on', (minutes, start) => {
    const first = Date.parse(`2024-10-26T${start}:00+02:00`);
    const instants = Array.from({ length: 60 }, (_, n) => first + n * minutes * 60_000);
    const zone = timeZone('Europe/Berlin');
    const shownTimes = instants.map((ms) =>
      new Date(zone.toLocalMs(ms)).toISOString().slice(0, 19),
    );
    expect(
      new Set(shownTimes.filter((time) => time.startsWith('2024-10-27T02'))).size,
    ).toBeGreaterThan(0);
    expect(read('Europe/Berlin', shownTimes)).toEqual(
      instants.map((ms) => new Date(ms).toISOString().slice(0, 19)),
    );
  });

  it('does not take an outage of an hour for an interval', () => {
    const times = ['00:50', '00:55', '02:00', '02:05', '02:50', '02:05'];
    expect(
      read(
        'Europe/Berlin',
        times.map((time) => `2024-10-27T${time}:00`),
      ),
    ).toEqual(
      ['6T22:50', '6T22:55', '7T00:00', '7T00:05', '7T00:50', '7T01:05'].map(
        (time) => `2024-10-2${time}:00`,
      ),
    );
  });

  it('takes two rows of one time for one time, where a sensor reports often', () => {
    const times = ['01:58', '02:00', '02:00', '02:02', '02:58', '02:00', '02:02'];
    const instants = times.map((time) => `2024-10-27T${time}:00`);
    expect(read('Europe/Berlin', instants)).toEqual(
      ['6T23:58', '7T00:00', '7T00:00', '7T00:02', '7T00:58', '7T01:00', '7T01:02'].map(
        (time) => `2024-10-2${time}:00`,
      ),
    );
  });

  it('keeps sensors apart, takes a late reading for late, and each autumn for itself', () => {
    const local = new LocalTimes('Europe/Berlin');
    const at = (sensorId: string, time: string): string => {
      local.sensorId = sensorId;
      return shown(local.toInstantUs(us(time)));
    };
    expect(at('A', '2024-10-27T02:50:00')).toBe('2024-10-27T00:50:00');
    expect(at('B', '2024-10-27T02:05:00')).toBe('2024-10-27T00:05:00');
    expect(at('A', '2024-10-27T02:45:00')).toBe('2024-10-27T00:45:00');
    expect(at('A', '2024-10-27T02:05:00')).toBe('2024-10-27T01:05:00');
    expect(at('A', '2025-10-26T02:05:00')).toBe('2025-10-26T00:05:00');
    expect(local.repeated).toBe(5);
    expect(local.skipped).toBe(0);
  });

  it('goes on in the second of the hours after a stop', () => {
    const before = new LocalTimes('Europe/Berlin');
    before.sensorId = 'A';
    before.toInstantUs(us('2024-10-27T02:50:00'));
    before.toInstantUs(us('2024-10-27T02:10:00'));
    const state = JSON.parse(JSON.stringify(before.state)) as LocalTimes['state'];
    expect(state).toHaveLength(1);
    const after = new LocalTimes('Europe/Berlin', state);
    after.sensorId = 'A';
    expect(shown(after.toInstantUs(us('2024-10-27T02:20:00')))).toBe('2024-10-27T01:20:00');
    after.toInstantUs(us('2024-10-27T03:20:00'));
    expect(after.state).toEqual([]);
  });

  it('reads what spring skips with the offset before, and counts it', () => {
    const local = new LocalTimes('Europe/Berlin');
    expect(shown(local.toInstantUs(us('2025-03-30T02:30:00')))).toBe('2025-03-30T01:30:00');
    expect(shown(local.toInstantUs(us('2025-03-30T03:30:00')))).toBe('2025-03-30T01:30:00');
    expect(local.skipped).toBe(1);
  });

  it('knows half an hour that repeats', () => {
    const times = ['01:35', '01:55', '01:40'].map((time) => `2025-04-06T${time}:00`);
    expect(read('Australia/Lord_Howe', times)).toEqual([
      '2025-04-05T14:35:00',
      '2025-04-05T14:55:00',
      '2025-04-05T15:10:00',
    ]);
  });
});
