import { multiBytePlace, readingText, sensorId, type Wording } from '../src/simulate/reading.js';

const plain: Wording = { seed: 1, withSeq: false, withPlace: false, withMilliseconds: false };
const timeMs = Date.parse('2025-10-02T17:58:37.123Z');
const reading = { sensor: 3, timeMs, seq: 42 };

describe('a reading on the wire', () => {
  it('looks like a gateway sends it', () => {
    expect(readingText(reading, plain)).toMatch(
      /^\{"id":"[0-9a-f]{16}","time":"2025-10-02 17:58:37","temp":-?\d+\.\d\d,"rh":\d+\.\d\d,"lux":\d+\.\d\d\}$/,
    );
  });

  it('carries seq, milliseconds and a place when asked to', () => {
    const text = readingText(reading, {
      ...plain,
      withSeq: true,
      withPlace: true,
      withMilliseconds: true,
    });
    expect(JSON.parse(text)).toMatchObject({
      time: '2025-10-02 17:58:37.123',
      seq: 42,
      place: multiBytePlace,
    });
  });

  it('depends on the time as it is sent, not on what was cut off it', () => {
    const sameSecond = { ...reading, timeMs: timeMs + 800 };
    expect(readingText(sameSecond, plain)).toBe(readingText(reading, plain));
  });

  it('has a place with characters of two, three and four bytes', () => {
    const characters = Array.from(multiBytePlace);
    const lengths = new Set(characters.map((character) => Buffer.byteLength(character)));
    expect([...lengths].sort()).toEqual([1, 2, 3, 4]);
  });
});

describe('sensor ids', () => {
  it('differ for every sensor, and for every seed', () => {
    const ids = [1, 2].flatMap((seed) =>
      Array.from({ length: 20_000 }, (_, sensor) => sensorId(seed, sensor)),
    );
    expect(new Set(ids).size).toBe(40_000);
  });
});
