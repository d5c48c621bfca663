/** Lines of CSV from rows of binary COPY, however these are cut. */
import fc from 'fast-check';
import { timeZone } from '@zdenergy/core';
import { CsvRows, fixed } from '../src/csv-rows.js';

const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const trailer = Buffer.from([0xff, 0xff]);

function row(timeMs: number, values: readonly (number | null)[], id: string): Buffer {
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const time = Buffer.alloc(8);
  time.writeBigInt64BE(BigInt(timeMs - Date.UTC(2000, 0, 1)) * 1_000n);
  const doubles = values.map((value) => {
    if (value === null) return Buffer.from([0xff, 0xff, 0xff, 0xff]);
    const double = Buffer.alloc(8);
    double.writeDoubleBE(value);
    return field(double);
  });
  return Buffer.concat([Buffer.from([0, 6]), field(time), ...doubles, field(Buffer.from(id))]);
}

const at = Date.UTC(2025, 9, 2, 9, 58, 37, 999);
const copied = Buffer.concat([
  header,
  row(at, [24.1, 50.5, 546.6, 4.3035], 'e4643048d7292c2e'),
  row(at + 60_000, [-0.001, null, null, null], 'Süd, "oben"'),
  row(at + 3_600_000, [null, null, 0, null], '=1+1'),
  trailer,
]);
const lines = [
  '2025-10-02 17:58:37,24.10,50.50,546.60,4.304,e4643048d7292c2e',
  '2025-10-02 17:59:37,0.00,,,,"Süd, ""oben"""',
  "2025-10-02 18:58:37,,,0.00,,'=1+1",
];
const expected = `${lines.join('\n')}\n`;

it('are the same wherever the chunks end, and in the COPY after', () => {
  const rows = new CsvRows(timeZone('Asia/Shanghai'));
  for (let cut = 0; cut <= copied.length; cut += 1) {
    rows.begin();
    const parts = [copied.subarray(0, cut), copied.subarray(cut)].map((part) => rows.lines(part));
    expect(parts.map(({ text }) => text.toString()).join('')).toBe(expected);
    expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(3);
  }
});

it('come of single bytes, too', () => {
  const rows = new CsvRows(timeZone('Asia/Shanghai'));
  rows.begin();
  const texts = [...copied].map((byte) => rows.lines(Buffer.from([byte])).text.toString());
  expect(texts.join('')).toBe(expected);
});

it('show the hour that autumn repeats twice', () => {
  const rows = new CsvRows(timeZone('Europe/Berlin'));
  rows.begin();
  const night = Date.UTC(2025, 9, 26, 0, 30);
  const hours = [0, 1, 2].map((n) => row(night + n * 3_600_000, [1, 1, 1, 1], 'a'));
  const { text } = rows.lines(Buffer.concat([header, ...hours]));
  expect(text.toString().match(/ \d\d:\d\d:/g)).toEqual([' 02:30:', ' 02:30:', ' 03:30:']);
});

describe('a number', () => {
  test.each([
    [2.675, 2, '2.68'],
    [1.005, 2, '1.01'],
    [-2.675, 2, '-2.68'],
    [0.005, 2, '0.01'],
    [0.0049999, 2, '0.00'],
    [-0.004, 2, '0.00'],
    [0.0005, 3, '0.001'],
    [999.9999, 3, '1000.000'],
    [99.995, 2, '100.00'],
    [123_456_789_012.345, 2, '123456789012.35'],
    [1e15, 2, '1000000000000000.00'],
    [1.5e20, 2, '150000000000000000000.00'],
    [5e-324, 3, '0.000'],
    [Number.NaN, 2, 'NaN'],
    [-Infinity, 2, '-Infinity'],
  ])('%d with %d decimals', (value, places, text) => {
    expect(fixed(value, places)).toBe(text);
  });

  test('is what the digits say that a person would read, rounded half away from zero', () => {
    const decimal = fc.tuple(fc.integer({ min: -999_999_999, max: 999_999_999 }), fc.nat(6));
    fc.assert(
      fc.property(decimal, fc.constantFrom(2, 3), ([digits, after], places) => {
        // The same by whole numbers alone.
        const unit = 10n ** BigInt(Math.max(0, after - places));
        const magnitude = BigInt(Math.abs(digits)) * 10n ** BigInt(Math.max(0, places - after));
        const units = (2n * magnitude + unit) / (2n * unit);
        const text = units.toString().padStart(places + 1, '0');
        const sign = digits < 0 && units > 0n ? '-' : '';
        const wanted = `${sign}${text.slice(0, -places)}.${text.slice(-places)}`;
        expect(fixed(Number(`${digits}e-${after}`), places)).toBe(wanted);
      }),
      { numRuns: 2_000 },
    );
  });
});
