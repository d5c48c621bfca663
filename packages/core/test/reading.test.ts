/** The rules of a reading, on parsed values; how they end up in rows is the ingest package's part. */
import fc from 'fast-check';
import {
  earliestTimeUs,
  FieldRefused,
  isPlausibleTime,
  localTimeUs,
  measurement,
  measurementNames,
  sensorId,
  sentTimeUs,
  textFlaw,
} from '../src/reading.js';
import { timeZone } from '../src/time-zone.js';

const utc = timeZone('UTC');
const us = (iso: string): number => Date.parse(iso) * 1_000;

describe('measurement', () => {
  it.each([undefined, null])('%p is not measured', (value) => {
    for (const name of measurementNames) expect(measurement(name, value)).toBeNaN();
  });

  it('any finite number, and any text of one, is taken as it is', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, fc.constantFrom('', ' ', '\t'), (value, space) => {
        expect(measurement('temp', value)).toBe(value);
        expect(measurement('temp', `${space}${value}${space}`)).toBe(Number(String(value)));
      }),
    );
  });

  it.each<[unknown, string]>([
    ['n/a', 'temp is not a number: "n/a"'],
    ['', 'temp is not a number: ""'],
    ['1_000', 'temp is not a number: "1_000"'],
    ['0b1', 'temp is not a number: "0b1"'],
    ['.', 'temp is not a number: "."'],
    ['٣', 'temp is not a number: "٣"'],
    ['x'.repeat(100), `temp is not a number: "${'x'.repeat(59)}…`],
    [[], 'temp is not a number: []'],
    [true, 'temp is not a number: true'],
    [Infinity, 'temp is too large a number (1.7976931348623157e+308 is the largest)'],
    ['-1e400', 'temp is too large a number (1.7976931348623157e+308 is the largest)'],
  ])('%p is refused', (value, message) => {
    expect(() => measurement('temp', value)).toThrow(new FieldRefused(message));
  });
});

describe('sensorId', () => {
  it('keeps the digits of a number', () => {
    expect(sensorId(9_007_199_254_740_992, '9007199254740993')).toBe('9007199254740993');
  });

  it('takes any text of 1 to 100 code points that Postgres can hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }), (id) => {
        fc.pre(!id.includes('\0'));
        expect(sensorId(id, '')).toBe(id);
      }),
    );
  });

  it.each<[unknown, string]>([
    ['', 'id is empty'],
    ['🌡'.repeat(101), 'id has 101 characters; 100 are the most'],
    ['a\0', 'id contains a NUL character'],
    ['\ud83d', 'id contains half a surrogate pair'],
    [true, 'id is neither a text nor a number'],
    [{}, 'id is neither a text nor a number'],
  ])('%p is refused', (value, message) => {
    expect(() => sensorId(value, JSON.stringify(value))).toThrow(new FieldRefused(message));
  });
});

describe('textFlaw', () => {
  it.each(['', 'a', 'ü', '🌡️', '\ufffd\uffff\u0001'])('none in %j', (text) => {
    expect(textFlaw(text)).toBeUndefined();
  });

  it('finds every NUL and every half of a pair', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom('\0', '\ud800', '\udfff'),
        fc.string(),
        (before, bad, after) => {
          expect(textFlaw(before + bad + after)).toMatch(/^contains /);
        },
      ),
    );
  });
});

describe('sentTimeUs', () => {
  it('reads back every instant, written in UTC, with an offset, or as a number', () => {
    const instantMs = fc.integer({ min: Date.UTC(2015, 0), max: Date.UTC(2100, 0) });
    const offsetMinutes = fc.integer({ min: -14 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(instantMs, offsetMinutes, (ms, ahead) => {
        const local = new Date(ms + ahead * 60_000).toISOString().slice(0, 23);
        const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60].map(
          (part) => String(part).padStart(2, '0'),
        );
        const offset = `${ahead < 0 ? '-' : '+'}${hours}:${minutes}`;
        expect(sentTimeUs(new Date(ms).toISOString(), utc)).toBe(ms * 1_000);
        expect(sentTimeUs(new Date(ms).toISOString().slice(0, 23), utc)).toBe(ms * 1_000);
        expect(sentTimeUs(local + offset, timeZone('Asia/Tokyo'))).toBe(ms * 1_000);
        expect(sentTimeUs(ms, utc)).toBe(ms * 1_000);
        expect(sentTimeUs(ms / 1_000, utc)).toBe(ms * 1_000);
      }),
    );
  });

  it.each([
    ['2025-10-02 17:58:37.1', 100_000],
    ['2025-10-02 17:58:37,123456', 123_456],
    ['2025-10-02 17:58:37.123456789', 123_457],
    ['2025-10-02 17:58:37.9999999', 1_000_000],
  ])('reads the fraction of %s', (text, fractionUs) => {
    expect(sentTimeUs(text, utc)).toBe(us('2025-10-02T17:58:37Z') + fractionUs);
  });

  it('tells seconds from milliseconds by their size', () => {
    expect(sentTimeUs(1_759_427_917, utc)).toBe(us('2025-10-02T17:58:37Z'));
    expect(sentTimeUs(1_759_427_917_000, utc)).toBe(us('2025-10-02T17:58:37Z'));
    expect(sentTimeUs('1759427917.5', utc)).toBe(us('2025-10-02T17:58:37.500Z'));
  });

  it.each([
    '',
    'now',
    '2025-10-02',
    '2025-1-2 3:4:5',
    '2025-10-02 17:58',
    '2025-02-30 00:00:00',
    '2025-04-31 00:00:00',
    '2025-13-01 00:00:00',
    '2025-10-00 00:00:00',
    '2025-10-02 24:00:00',
    '2025-10-02 23:60:00',
    '2025-10-02 23:59:60',
    '2025-10-02 17:58:37 CET',
    '2025-10-02 17:58:37+24:00',
    '2025-10-02 17:58:37+01:60',
    '2025-10-02 17:58:37+02:',
    '2025-10-02 17:58:37+2',
    `2025-10-02 17:58:37${' '.repeat(100)}`,
    true,
    null,
    undefined,
    [],
    {},
    Infinity,
    '1e999',
  ])('cannot read %p', (value) => {
    expect(sentTimeUs(value, utc)).toBeUndefined();
  });
});

describe('localTimeUs', () => {
  it('knows every day of a calendar and no other', () => {
    const days = (year: number, month: number): number =>
      Array.from({ length: 40 }, (_, day) => localTimeUs(year, month, day, 0, 0, 0)).filter(
        (time) => time !== undefined,
      ).length;
    const lengths = (year: number): number[] =>
      Array.from({ length: 14 }, (_, month) => days(year, month));
    expect(lengths(2025)).toEqual([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0]);
    expect(lengths(2024)[2]).toBe(29);
    expect(lengths(2100)[2]).toBe(28);
  });

  it('takes no part that is not a number', () => {
    for (let part = 0; part < 6; part += 1) {
      const [year, month, day, hour, minute, second] = [2025, 10, 2, 17, 58, 37].map(
        (value, index) => (index === part ? Number.NaN : value),
      );
      expect(localTimeUs(year, month, day, hour, minute, second)).toBeUndefined();
    }
  });
});

describe('isPlausibleTime', () => {
  const now = us('2025-10-02T18:00:00Z');
  it.each([
    [earliestTimeUs - 1, false],
    [earliestTimeUs, true],
    [now, true],
    [now + 3_600_000_000, true],
    [now + 3_600_000_001, false],
    [Number.NaN, false],
  ])('%d: %p', (timeUs, expected) => {
    expect(isPlausibleTime(timeUs, now, 3_600_000)).toBe(expected);
  });
});
