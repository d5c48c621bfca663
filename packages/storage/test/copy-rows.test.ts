import fc from 'fast-check';
import {
  decodeRows,
  firstReceiptUs,
  lastReceiptUs,
  RowBuffer,
  splitRows,
  type StoredReading,
} from '../src/copy-rows.js';

const measurement = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }));
const instantUs = fc
  .integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2100, 0, 1) })
  .map((ms) => ms * 1_000);

const reading: fc.Arbitrary<StoredReading> = fc.record({
  sensorId: fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' }),
  timeUs: instantUs,
  temperature: measurement,
  humidity: measurement,
  lux: measurement,
  irradiance: measurement,
  extra: fc.option(fc.dictionary(fc.string(), fc.string()).map((value) => JSON.stringify(value))),
  receivedAtUs: instantUs,
});

function encode(readings: readonly StoredReading[], reservedBytes: number): RowBuffer {
  const buffer = new RowBuffer(16, reservedBytes);
  for (const each of readings) {
    const id = Buffer.from(`<${each.sensorId}>`);
    buffer.addReading(
      id,
      1,
      id.length - 1,
      each.timeUs,
      each.temperature ?? Number.NaN,
      each.humidity ?? Number.NaN,
      each.lux ?? Number.NaN,
      each.irradiance ?? Number.NaN,
      each.extra === null ? null : Buffer.from(each.extra),
      each.receivedAtUs,
    );
  }
  return buffer;
}

describe('rows of readings', () => {
  it('come back as they were added', () => {
    fc.assert(
      fc.property(fc.array(reading), fc.nat(50), (readings, reservedBytes) => {
        expect(decodeRows(encode(readings, reservedBytes).rows)).toEqual(readings);
      }),
    );
  });

  it('tell when the first and the last of them came', () => {
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1 }), (readings) => {
        const { rows } = encode(readings, 0);
        expect(firstReceiptUs(rows)).toBe(readings[0]?.receivedAtUs);
        expect(lastReceiptUs(rows)).toBe(readings.at(-1)?.receivedAtUs);
      }),
    );
  });

  it('are split where one ends and the next begins', () => {
    fc.assert(
      fc.property(fc.array(reading), (readings) => {
        const { rows } = encode(readings, 0);
        const split = splitRows(rows);
        expect(split).toHaveLength(readings.length);
        expect(Buffer.concat(split).equals(rows)).toBe(true);
      }),
    );
  });

  it('leave the reserved bytes alone when the buffer is emptied', () => {
    const buffer = encode([], 8);
    buffer.append(Buffer.from('abc'));
    buffer.clear();
    expect(buffer.length).toBe(8);
    expect(buffer.rows).toHaveLength(0);
  });
});
