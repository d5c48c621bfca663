/** The scanner against JSON.parse: it fails nothing that is an object, and says early what is none. */
import fc from 'fast-check';
import { Outcome, StructureScanner } from '../src/structure.js';

function scan(text: string): { outcome: Outcome; stoppedAt: number } {
  const scanner = new StructureScanner();
  const outcome = scanner.scan(Buffer.from(text), 0);
  return { outcome, stoppedAt: scanner.stoppedAt };
}

const isObject = (text: string): boolean => {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
};

describe('StructureScanner', () => {
  it('completes every JSON object at its end, whatever follows', () => {
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 5 }));
    fc.assert(
      fc.property(object, fc.constantFrom('', ' ', '\t'), fc.string(), (value, indent, rest) => {
        const text = JSON.stringify(value, null, indent);
        expect(scan(text + rest)).toEqual({
          outcome: Outcome.Complete,
          stoppedAt: Buffer.byteLength(text),
        });
      }),
    );
  });

  it('is incomplete for every beginning of an object, and goes on from there', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { minKeys: 1 });
    fc.assert(
      fc.property(object, (value) => {
        const bytes = Buffer.from(JSON.stringify(value));
        const wrong: number[] = [];
        for (let cut = 1; cut < bytes.length; cut += 1) {
          const scanner = new StructureScanner();
          const isBegun = scanner.scan(bytes.subarray(0, cut), 0) === Outcome.Incomplete;
          const isDone = scanner.scan(bytes.subarray(cut), 0) === Outcome.Complete;
          if (!isBegun || !isDone || scanner.stoppedAt !== bytes.length - cut) wrong.push(cut);
        }
        expect(wrong).toEqual([]);
      }),
    );
  });

  it('fails only what is no beginning of an object', () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from('{}[]":,\\ \n1a-e')),
      maxLength: 20,
    });
    fc.assert(
      fc.property(text, (rest) => {
        const { outcome, stoppedAt } = scan(`{${rest}`);
        const until = `{${rest}`.slice(0, stoppedAt);
        if (outcome === Outcome.Failed) expect(isObject(`{${rest}`)).toBe(false);
        // Nothing shorter was an object already.
        for (let cut = 2; cut < until.length; cut += 1)
          expect(isObject(until.slice(0, cut))).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['{x', 1],
    ['{"a"1', 4],
    ['{"a":}', 5],
    ['{"a":1 2', 7],
    ['{"a":1]', 6],
    ['{"a":[1}', 7],
    ['{"a":[,', 6],
    ['{"a":[1,]', 8],
    ['{"a":1,}', 7],
    ['{,', 1],
    ['{"a":"\n', 6],
    ['{"a":"\\\n', 7],
    ["{'a'", 1],
    ['{"a":1}', undefined],
  ])('%j fails at byte %p', (text, stoppedAt) => {
    expect(scan(text)).toEqual(
      stoppedAt === undefined
        ? { outcome: Outcome.Complete, stoppedAt: text.length }
        : { outcome: Outcome.Failed, stoppedAt },
    );
  });

  it('can be used again after a reset', () => {
    const scanner = new StructureScanner();
    expect(scanner.scan(Buffer.from('{"a":[['), 0)).toBe(Outcome.Incomplete);
    expect(scanner.scan(Buffer.from('}'), 0)).toBe(Outcome.Failed);
    scanner.reset();
    expect(scanner.isOpen).toBe(false);
    expect(scanner.scan(Buffer.from('xx{"a":[]}'), 2)).toBe(Outcome.Complete);
    expect(scanner.stoppedAt).toBe(10);
  });
});
