/** Wall-clock times of a zone as instants, checked by hand around changes and against Intl at large. */
import fc from 'fast-check';
import { isTimeZone, timeZone } from '../src/time-zone.js';

/** Microseconds of an ISO time without an offset on its own wall clock, or of one with `Z`. */
const us = (time: string): number => Date.parse(time.endsWith('Z') ? time : `${time}Z`) * 1_000;

const iso = (instantUs: number): string => new Date(instantUs / 1_000).toISOString();

describe('toInstantUs', () => {
  it.each([
    ['UTC', 'any time', '2025-10-02T17:58:37.000', '2025-10-02T17:58:37.000Z'],
    ['Asia/Shanghai', 'eight hours ahead in summer', '2025-07-01T08:00:00', '2025-07-01T00:00:00Z'],
    ['Asia/Shanghai', 'eight hours ahead in winter', '2025-01-01T00:00:00', '2024-12-31T16:00:00Z'],
    ['Asia/Kathmandu', 'a quarter of an hour', '2025-01-01T05:45:00', '2025-01-01T00:00:00Z'],
    ['Europe/Berlin', 'winter', '2025-01-15T12:00:00', '2025-01-15T11:00:00Z'],
    ['Europe/Berlin', 'summer', '2025-07-15T12:00:00', '2025-07-15T10:00:00Z'],
    ['Europe/Berlin', 'before the gap', '2025-03-30T01:59:59.999', '2025-03-30T00:59:59.999Z'],
    ['Europe/Berlin', 'start of the gap', '2025-03-30T02:00:00', '2025-03-30T01:00:00Z'],
    ['Europe/Berlin', 'in the gap', '2025-03-30T02:30:00', '2025-03-30T01:30:00Z'],
    ['Europe/Berlin', 'after the gap', '2025-03-30T03:00:00', '2025-03-30T01:00:00Z'],
    ['Europe/Berlin', 'before the overlap', '2025-10-26T01:59:59', '2025-10-25T23:59:59Z'],
    ['Europe/Berlin', 'overlap: the first', '2025-10-26T02:30:00', '2025-10-26T00:30:00Z'],
    ['Europe/Berlin', 'after the overlap', '2025-10-26T03:00:00', '2025-10-26T02:00:00Z'],
    ['America/New_York', 'before the gap', '2025-03-09T01:59:59', '2025-03-09T06:59:59Z'],
    ['America/New_York', 'in the gap', '2025-03-09T02:30:00', '2025-03-09T07:30:00Z'],
    ['America/New_York', 'after the gap', '2025-03-09T03:00:00', '2025-03-09T07:00:00Z'],
    ['America/New_York', 'overlap: the first', '2025-11-02T01:30:00', '2025-11-02T05:30:00Z'],
    ['America/New_York', 'after the overlap', '2025-11-02T02:00:00', '2025-11-02T07:00:00Z'],
    ['Australia/Lord_Howe', 'before the half hour', '2025-10-05T01:59:59', '2025-10-04T15:29:59Z'],
    ['Australia/Lord_Howe', 'gap of half an hour', '2025-10-05T02:15:00', '2025-10-04T15:45:00Z'],
    ['Australia/Lord_Howe', 'after the gap', '2025-10-05T02:30:00', '2025-10-04T15:30:00Z'],
    ['Australia/Lord_Howe', 'overlap: the first', '2025-04-06T01:45:00', '2025-04-05T14:45:00Z'],
    ['Australia/Lord_Howe', 'after the overlap', '2025-04-06T02:00:00', '2025-04-05T15:30:00Z'],
    ['America/Caracas', 'half an hour skipped', '2016-05-01T02:45:00', '2016-05-01T07:15:00Z'],
    ['Pacific/Kiritimati', 'fourteen hours ahead', '2025-01-01T14:00:00', '2025-01-01T00:00:00Z'],
  ])('%s, %s: %s is %s', (zone, _what, local, instant) => {
    expect(iso(timeZone(zone).toInstantUs(us(local)))).toBe(iso(us(instant)));
  });

  it('keeps microseconds, and times before 1970', () => {
    const shanghai = timeZone('Asia/Shanghai');
    expect(shanghai.toInstantUs(us('2025-01-01T08:00:00') + 123_457)).toBe(
      us('2025-01-01T00:00:00Z') + 123_457,
    );
    expect(iso(timeZone('Europe/Berlin').toInstantUs(us('1969-12-31T12:00:00')))).toBe(
      '1969-12-31T11:00:00.000Z',
    );
  });

  it('gives the same whatever was asked before, across a change and back', () => {
    const warm = timeZone('Europe/Berlin');
    const around = us('2025-03-30T02:00:00');
    fc.assert(
      fc.property(fc.integer({ min: -14_400_000_000, max: 14_400_000_000 }), (distanceUs) => {
        const local = around + distanceUs;
        expect(warm.toInstantUs(local)).toBe(timeZone('Europe/Berlin').toInstantUs(local));
      }),
    );
  });

  it.each([
    ['at any time', (_clock: Clock, instantMs: number) => instantMs],
    ['around a change of offset', nextChange],
  ])('finds the first instant at which the clocks show the time, %s', (_when, moved) => {
    const second = { min: Date.UTC(2015, 0, 1) / 1_000, max: Date.UTC(2036, 0, 1) / 1_000 };
    fc.assert(
      fc.property(
        fc.constantFrom(...Intl.supportedValuesOf('timeZone')),
        fc.integer(second),
        fc.integer({ min: -7_200, max: 7_200 }),
        (zone, instantSeconds, distanceSeconds) => {
          const clock = wallClock(zone);
          const instantMs = moved(clock, instantSeconds * 1_000) + distanceSeconds * 1_000;
          const local = clock(instantMs);
          const found = timeZone(zone).toInstantUs(local * 1_000) / 1_000;
          expect(clock(found)).toBe(local);
          expect(found).toBeLessThanOrEqual(instantMs);
          for (let minutes = 15; minutes <= 180; minutes += 15) {
            expect(clock(found - minutes * 60_000)).not.toBe(local);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

type Clock = (instantMs: number) => number;

/** What the zone's clocks show at an instant, both in milliseconds; by way of Swedish ISO-like text. */
function wallClock(zone: string): Clock {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return (instantMs) => Date.parse(`${format.format(instantMs).replace(' ', 'T')}Z`);
}

/** The next instant within a year at which the zone changes its offset; without one, a year later. */
function nextChange(clock: Clock, instantMs: number): number {
  const offset = (at: number): number => clock(at) - at;
  const dayMs = 86_400_000;
  let after = instantMs;
  for (let day = 0; day < 366 && offset(after) === offset(instantMs); day += 1) after += dayMs;
  let before = after - dayMs;
  while (after - before > 1_000) {
    const middle = before + Math.floor((after - before) / 2_000) * 1_000;
    if (offset(middle) === offset(before)) before = middle;
    else after = middle;
  }
  return after;
}

describe('isTimeZone', () => {
  it.each([
    ['UTC', true],
    ['Europe/Berlin', true],
    ['Asia/Shanghai', true],
    ['Mars/Olympus', false],
    ['', false],
    ['Berlin', false],
  ])('%j: %p', (name, known) => {
    expect(isTimeZone(name)).toBe(known);
  });

  it('agrees with timeZone, which refuses an unknown one', () => {
    expect(() => timeZone('Mars/Olympus')).toThrow(RangeError);
  });
});
