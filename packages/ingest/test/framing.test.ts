/** Which objects come out of a stream of bytes, what is refused, and that splits make no difference. */
import fc from 'fast-check';
import { Framer, type FrameSink } from '../src/framing.js';
import { Gateway } from './gateway.js';

interface Refused {
  beginning: string;
  totalBytes: number;
  reason: string;
}

/** Notes what the framer hands on, as bytes (latin1); takes no short cut. */
class Recorder implements FrameSink {
  /** Objects as texts and what was refused, in the order in which they came. */
  readonly calls: (string | Refused)[] = [];
  noise = 0;

  takeUsual(): number {
    return 0;
  }

  takeObject(bytes: Buffer, start: number, end: number): void {
    this.calls.push(bytes.toString('latin1', start, end));
  }

  refuse(beginning: Buffer, totalBytes: number, reason: string): void {
    this.calls.push({ beginning: beginning.toString('latin1'), totalBytes, reason });
  }

  skipNoise(count: number): void {
    this.noise += count;
  }

  get objects(): string[] {
    return this.calls.filter((call) => typeof call === 'string');
  }

  get refusals(): Refused[] {
    return this.calls.filter((call) => typeof call !== 'string');
  }

  get refused(): string[] {
    return this.refusals.map(({ beginning }) => beginning);
  }
}

function frame(chunks: readonly Buffer[], maxFrameBytes = 65_536): Recorder {
  const recorder = new Recorder();
  const framer = new Framer(recorder, maxFrameBytes);
  // One piece of memory for all chunks, as sockets have it: nothing may keep a view of it.
  const memory = Buffer.alloc(Math.max(1, ...chunks.map((chunk) => chunk.length)));
  let mostKeptBytes = 0;
  for (const chunk of chunks) {
    memory.fill('!');
    chunk.copy(memory);
    framer.push(memory.subarray(0, chunk.length));
    mostKeptBytes = Math.max(mostKeptBytes, framer.keptBytes);
  }
  framer.end();
  expect(mostKeptBytes).toBeLessThanOrEqual(2 * Math.max(maxFrameBytes, 1_000));
  expect(framer.keptBytes).toBe(0);
  return recorder;
}

const oneByOne = (bytes: Buffer): Buffer[] =>
  Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));

/** Cuts at the given places, each a fraction of the length. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b);
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
}

const a = '{"id":"a","temp":1}';
const b = '{"id":"b","temp":2}';
const c = '{"id":"c","temp":3}';
const nested = '{"id":"n","gps":{"lat":1.5,"at":[{"x":[]},{}]},"temp":4}';
const text = '{"id":"t}{\\"]","note":"Grüße {🌡️} \\\\"}';

interface Case {
  name: string;
  sent: string | Buffer;
  objects?: string[];
  refused?: string[];
  noise?: number;
}

const latin1 = (value: string): string => Buffer.from(value).toString('latin1');

const wellFormed: Case[] = [
  { name: 'one in a packet, no line end', sent: a, objects: [a] },
  { name: 'lines ended by LF', sent: `${a}\n${b}\n`, objects: [a, b] },
  { name: 'lines ended by CRLF', sent: `${a}\r\n${b}\r\n`, objects: [a, b] },
  { name: 'nothing between objects', sent: a + b + c, objects: [a, b, c] },
  { name: 'spaces and tabs between objects', sent: `${a}  \t ${b} ${c}`, objects: [a, b, c] },
  { name: 'the last one has no line end', sent: `${a}\n${b}`, objects: [a, b] },
  { name: 'empty lines', sent: `\n\n${a}\n\r\n\n${b}\n\n`, objects: [a, b] },
  {
    name: 'spread over lines',
    sent: '{\r\n "id": "a",\n\t"temp": 1\n}\n',
    objects: ['{\r\n "id": "a",\n\t"temp": 1\n}'],
  },
  { name: 'an array', sent: `[${a},${b}]`, objects: [a, b] },
  { name: 'an array over lines', sent: `[\n  ${a},\n  ${b}\n]\n`, objects: [a, b] },
  {
    name: 'an array of objects with nested ones',
    sent: `[${nested}, ${a}, ${nested}]`,
    objects: [nested, a, nested],
  },
  { name: 'arrays in arrays', sent: `[[${a}],[[${b}]],[]]`, objects: [a, b] },
  {
    name: 'braces and quotes inside texts',
    sent: text + text,
    objects: [latin1(text), latin1(text)],
  },
  { name: 'NUL padding', sent: `\0\0${a}\0\0\0${b}\0`, objects: [a, b] },
  { name: 'a BOM at the start and between', sent: `\ufeff${a}\n\ufeff${b}`, objects: [a, b] },
  { name: 'empty objects', sent: '{}{ }{\n}', objects: ['{}', '{ }', '{\n}'] },
  {
    name: 'mixed ways',
    sent: `${a}\n${b}${c}\r\n[${a},\n${nested}]\0${text}`,
    objects: [a, b, c, a, nested, latin1(text)],
  },
  {
    name: 'the deepest that is allowed',
    sent: `${'{"a":'.repeat(32)}1${'}'.repeat(32)}`,
    objects: [`${'{"a":'.repeat(32)}1${'}'.repeat(32)}`],
  },
  // These have an object's structure, so they are handed on whole and the decoder says what is wrong.
  { name: 'NaN', sent: `{"temp":NaN}${a}`, objects: ['{"temp":NaN}', a] },
  {
    name: 'Python words',
    sent: `{"x":None,"y":True,"z":-inf}${a}`,
    objects: ['{"x":None,"y":True,"z":-inf}', a],
  },
  {
    name: 'what Windows prints for NaN',
    sent: `{"temp":-1.#IND}${a}`,
    objects: ['{"temp":-1.#IND}', a],
  },
  { name: 'a bad escape', sent: `{"id":"\\x41"}${a}`, objects: ['{"id":"\\x41"}', a] },
  { name: 'an odd number', sent: `{"temp":1.2.3}${a}`, objects: ['{"temp":1.2.3}', a] },
  {
    name: 'NaN beside a nested object',
    sent: `{"gps":{"lat":1},"temp":NaN}${a}`,
    objects: ['{"gps":{"lat":1},"temp":NaN}', a],
  },
  {
    name: 'invalid UTF-8 in a text',
    sent: Buffer.from(`{"id":"\xff\xfe"}${a}`, 'latin1'),
    objects: ['{"id":"\xff\xfe"}', a],
  },
];

const damaged: Case[] = [
  { name: 'nothing', sent: '' },
  { name: 'only white space', sent: ' \r\n\t\n' },
  { name: 'garbage only', sent: 'hello, world', noise: 10 },
  { name: 'garbage between', sent: `xx${a}yyy\n${b}\nz`, objects: [a, b], noise: 6 },
  { name: 'other values than objects', sent: `1 "x" true ${a}\n[1,2]\n`, objects: [a], noise: 10 },
  { name: 'stray closing brackets', sent: `}]${a}}}`, objects: [a], noise: 3 },
  {
    name: 'bytes that are no UTF-8 between',
    sent: Buffer.from(`\xff\xfe${a}`, 'latin1'),
    objects: [a],
    noise: 2,
  },
  {
    name: 'truncated, then a line',
    sent: `{"id":"x","te\n${a}\n`,
    objects: [a],
    refused: ['{"id":"x","te'],
  },
  {
    name: 'truncated, then a CRLF line',
    sent: `{"id":"x","te\r\n${a}\r\n`,
    objects: [a],
    refused: ['{"id":"x","te\r'],
  },
  {
    name: 'truncated in a name, no line end',
    sent: `{"id":"x","te${a}${b}`,
    objects: [a, b],
    refused: ['{"id":"x","te'],
  },
  {
    name: 'truncated in a text, no line end',
    sent: `{"id":"x${a}${b}`,
    objects: [a, b],
    refused: ['{"id":"x'],
  },
  {
    name: 'truncated in a number, no line end',
    sent: `{"id":"x","temp":2${a}${b}`,
    objects: [a, b],
    refused: ['{"id":"x","temp":2'],
  },
  {
    name: 'truncated after a comma',
    sent: `{"id":"x",${a}`,
    objects: [a],
    refused: ['{"id":"x",'],
  },
  {
    name: 'truncated after a colon, no line end',
    sent: `{"id":"x","temp":${a}${b}`,
    objects: [a, b],
    refused: ['{"id":"x","temp":'],
  },
  {
    name: 'truncated after a colon, then lines',
    sent: `{"id":"x","temp":\n${a}\n${b}\n`,
    objects: [a, b],
    refused: ['{"id":"x","temp":\n'],
  },
  {
    name: 'truncated after a colon, then the end',
    sent: `{"id":"x","temp":\n${a}\n`,
    objects: [a],
    refused: ['{"id":"x","temp":\n'],
  },
  {
    name: 'truncated in a list',
    sent: `{"id":"x","v":[1,\n${a}\n${b}`,
    objects: [a, b],
    refused: ['{"id":"x","v":[1,\n'],
  },
  { name: 'only a brace, then a line', sent: `{\n${a}\n`, objects: [a], refused: ['{\n'] },
  { name: 'many braces', sent: `{{{{\n${a}\n`, objects: [a], refused: ['{{{{\n'] },
  { name: 'the beginning is missing', sent: `"x","temp":2}\n${a}`, objects: [a], noise: 12 },
  {
    name: 'an unclosed string',
    sent: `{"id":"x,"temp":2}\n${a}\n`,
    objects: [a],
    refused: ['{"id":"x,"temp":2}'],
  },
  {
    name: 'an unclosed string, no line end',
    sent: `{"id":"x,"temp":2}${a}`,
    objects: [a],
    refused: ['{"id":"x,"temp":2}'],
  },
  {
    name: 'a quote before the line end',
    sent: `{"id":"x\n${a}`,
    objects: [a],
    refused: ['{"id":"x'],
  },
  {
    name: 'a backslash before the line end',
    sent: `{"id":"x\\\n${a}`,
    objects: [a],
    refused: ['{"id":"x\\'],
  },
  {
    name: 'an unclosed nested object',
    sent: `{"id":"x","g":{"lat":1\n${a}\n${b}`,
    objects: [a, b],
    refused: ['{"id":"x","g":{"lat":1\n'],
  },
  {
    name: 'the brace of a nested object is missing',
    sent: `{"id":"x","g":{"lat":1\n`,
    refused: ['{"id":"x","g":{"lat":1\n'],
  },
  {
    name: 'single quotes',
    sent: `{'id':'x','temp':2}\n${a}`,
    objects: [a],
    refused: ["{'id':'x','temp':2}"],
  },
  {
    name: 'names without quotes',
    sent: `{id:"x",temp:2}\n${a}`,
    objects: [a],
    refused: ['{id:"x",temp:2}'],
  },
  { name: 'a comma too many', sent: `{"id":"x",}\n${a}`, objects: [a], refused: ['{"id":"x",}'] },
  {
    name: 'a comma too few',
    sent: `{"id":"x" "temp":2}\n${a}`,
    objects: [a],
    refused: ['{"id":"x" "temp":2}'],
  },
  {
    name: 'the wrong closing bracket',
    sent: `{"id":"x"]\n${a}`,
    objects: [a],
    refused: ['{"id":"x"]'],
  },
  {
    name: 'a control character in a text',
    sent: `{"id":"x\x01"}\n${a}`,
    objects: [a],
    refused: ['{"id":"x\x01"}'],
  },
  {
    name: 'a NUL inside an object',
    sent: `{"id":"x",\0"temp":1}\n${a}`,
    objects: [a],
    refused: ['{"id":"x",\0"temp":1}'],
  },
  {
    name: 'damage between objects of a line',
    sent: `${a}{"id":"x${b}{oops}${c}\n`,
    objects: [a, b, c],
    refused: ['{"id":"x', '{oops}'],
  },
  {
    name: 'damage in an array',
    sent: `[${a},{"id":},${b}]`,
    objects: [a, b],
    refused: ['{"id":},'],
  },
  { name: 'two damaged lines', sent: `{x}\n{y}\n${a}`, objects: [a], refused: ['{x}', '{y}'] },
  {
    name: 'a frame cut into another',
    sent: `{"id":"x","time":"2025-10-0${a}2 17:58:37","temp":1}\n${b}`,
    objects: [a, b],
    refused: ['{"id":"x","time":"2025-10-0'],
    noise: 19,
  },
  {
    name: 'nested one too deep',
    sent: `${'{"a":'.repeat(33)}1${'}'.repeat(33)}\n${b}`,
    objects: [`${'{"a":'.repeat(32)}1${'}'.repeat(32)}`, b],
    refused: ['{"a":'],
    noise: 1,
  },
  {
    name: 'thousands of open brackets',
    sent: `{"a":${'['.repeat(2_000)}\n${b}`,
    objects: [b],
    refused: [`{"a":${'['.repeat(2_000)}`],
  },
  {
    name: 'thousands of open objects',
    sent: `${'{"a":'.repeat(2_000)}\n${b}\n${c}`,
    objects: [b, c],
    refused: [`${'{"a":'.repeat(2_000)}\n`],
  },
];

describe.each([...wellFormed, ...damaged])('$name', ({ sent, objects, refused, noise }) => {
  const bytes = Buffer.from(sent);

  it('gives what can be read', () => {
    const recorder = frame([bytes]);
    expect(recorder.objects).toEqual(objects ?? []);
    expect(recorder.refused).toEqual(refused ?? []);
    expect(recorder.noise).toBe(noise ?? 0);
  });

  it('gives the same however it is split', () => {
    const whole = frame([bytes]);
    const splits = [oneByOne(bytes)];
    for (let at = 1; at < Math.min(bytes.length, 200); at += 1)
      splits.push(cut(bytes, [at / bytes.length]));
    for (const chunks of splits) {
      const recorder = frame(chunks);
      expect(recorder.calls).toEqual(whole.calls);
      expect(recorder.noise).toBe(whole.noise);
    }
  });
});

describe('reasons', () => {
  it.each([
    ['{"id":"x" "temp":2}', 'no JSON object: unexpected "\\"" at byte 10'],
    ['{"id":"x\n', 'no JSON object: unexpected "\\n" at byte 8'],
    ['{"id":"x"\x7f', 'no JSON object: unexpected byte 0x7f at byte 9'],
    ['{"id":"x"ü', 'no JSON object: unexpected byte 0xc3 at byte 9'],
    ['{"id":"x', 'the connection ended in the middle of an object'],
  ])('of %j', (sent, reason) => {
    expect(frame([Buffer.from(sent)]).refusals).toEqual([expect.objectContaining({ reason })]);
  });
});

describe('MAX_FRAME_BYTES', () => {
  const ofBytes = (bytes: number): string => {
    const frame = `{"id":"${'x'.repeat(bytes - 9)}"}`;
    expect(frame).toHaveLength(bytes);
    return frame;
  };

  it.each([64, 1_000, 1_001, 65_536])('takes an object of exactly %d bytes', (max) => {
    const sent = Buffer.from(`${ofBytes(max)}\n${a}`);
    for (const chunks of [[sent], oneByOne(sent), cut(sent, [0.5])]) {
      expect(frame(chunks, max).objects).toEqual([ofBytes(max), a]);
    }
  });

  it.each([64, 1_000, 1_001, 65_536])('refuses one byte more than %d, and no more', (max) => {
    const sent = Buffer.from(`${b}${ofBytes(max + 1)}${a}`);
    const whole = frame([sent], max);
    expect(whole.objects).toEqual([b, a]);
    expect(whole.refusals).toEqual([
      {
        beginning: ofBytes(max + 1).slice(0, 1_000),
        totalBytes: max + 1,
        reason: `larger than ${max} bytes (MAX_FRAME_BYTES)`,
      },
    ]);
    for (const chunks of [oneByOne(sent), cut(sent, [0.5]), cut(sent, [0.1, 0.9])]) {
      expect(frame(chunks, max).calls).toEqual(whole.calls);
    }
  });

  it('never takes a shorter object out of one that is too large', () => {
    const sent = `{"list":[${`${a},`.repeat(100)}1]}\n${b}`;
    expect(frame([Buffer.from(sent)], 500).objects).toEqual([b]);
  });

  it('loses only the next object to one left open that grew too large', () => {
    const sent = Buffer.from(`{"pad":"${'x'.repeat(500)}","temp":\n${a}\n${b}\n${c}`);
    for (const chunks of [[sent], oneByOne(sent)]) {
      const recorder = frame(chunks, 500);
      expect(recorder.objects).toEqual([b, c]);
      expect(recorder.refused).toEqual([sent.toString('latin1', 0, sent.indexOf(b))]);
    }
  });

  it.each([
    [100, 'an object without end', '{"id":"', 'x'],
    [100, 'garbage', '', 'garbage '],
    [20, 'garbage behind damage', '{x', 'garbage '],
    [20, 'a list without end', '{"v":[', '1,'],
    [20, 'a list of objects without end', '{"v":[', `${a},`],
    [2, 'damage behind damage', '{x', '{y'],
  ])('lets %d MB of %s stream past in bounded memory', (megabytes, _what, beginning, filling) => {
    const recorder = new Recorder();
    const framer = new Framer(recorder, 65_536);
    framer.push(Buffer.from(`${b}${beginning}`));
    const chunk = Buffer.from(filling.repeat(Math.floor(65_536 / filling.length)));
    let mostKeptBytes = 0;
    for (let sentBytes = 0; sentBytes < megabytes * 1e6; sentBytes += chunk.length) {
      framer.push(chunk);
      mostKeptBytes = Math.max(mostKeptBytes, framer.keptBytes);
    }
    expect(mostKeptBytes).toBeLessThanOrEqual(2 * 65_536);
    expect(framer.keptBytes).toBeLessThanOrEqual(1_000);
    framer.push(Buffer.from(`\n${c}\n${a}\n`));
    framer.end();
    expect(recorder.objects.at(-1)).toBe(a);
    expect(recorder.objects[0]).toBe(b);
    expect(framer.keptBytes).toBe(0);
  });

  it('takes objects that fail over and over in time that grows with the bytes', () => {
    const nesting = '[{"a":'.repeat(15);
    const list = '1,'.repeat(30_000);
    const startedAtMs = performance.now();
    frame([Buffer.from(`{"a":${nesting}[${list}!\n${a}`)]);
    frame(oneByOne(Buffer.from(`{"a":${nesting}[${list}!\n${a}`)));
    frame([Buffer.from('{"a{\\"'.repeat(10_000))]);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });
});

describe('any stream', () => {
  const good = fc.oneof(
    fc.constantFrom(a, b, c, nested, text, '{}', '{"temp":NaN}', '{"id":"\\q"}'),
    fc
      .dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
      .map((value) => JSON.stringify(value)),
  );
  const separator = fc.constantFrom(
    '',
    '\n',
    '\r\n',
    ' ',
    ',',
    ',\n',
    '\0',
    '\ufeff',
    '[',
    ']\n',
    '\n\n',
  );
  const damage = fc.oneof(
    fc.string({
      unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', '\n', ' ', '1', 'a'),
      maxLength: 12,
    }),
    fc
      .tuple(good, fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([object, place]) => object.slice(0, Math.floor(object.length * place))),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  const stream = fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: fc.tuple(good, separator) },
        { weight: 2, arbitrary: fc.tuple(damage, separator) },
      ),
      { maxLength: 12 },
    )
    .map((pieces) => Buffer.from(pieces.flat().join('')));
  const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

  it.each([65_536, 64])('gives the same calls for any split (MAX_FRAME_BYTES %d)', (max) => {
    fc.assert(
      fc.property(stream, places, (bytes, cuts) => {
        const whole = frame([bytes], max);
        for (const chunks of [cut(bytes, cuts), oneByOne(bytes)]) {
          const split = frame(chunks, max);
          expect(split.calls).toEqual(whole.calls);
          expect(split.noise).toBe(whole.noise);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives every valid object on a line of its own, whatever lines are between', () => {
    const line = fc.oneof(
      good.filter((object) => !object.includes('\n')),
      damage,
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), places, (lines, cuts) => {
        const sentinels = lines.map((_, index) => `{"id":"sentinel-${index}"}`);
        const bytes = Buffer.from(
          lines.map((each, index) => `${each}\n${sentinels[index]}\n`).join(''),
        );
        const { objects } = frame(cut(bytes, cuts));
        expect(objects.filter((object) => object.includes('"sentinel-'))).toEqual(sentinels);
      }),
      { numRuns: 1_000 },
    );
  });

  it('accounts for every byte: delivered, refused, noise or separator', () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        const recorder = new Recorder();
        let taken = 0;
        recorder.refuse = (_beginning, totalBytes) => (taken += totalBytes);
        recorder.takeObject = (_bytes, start, end) => (taken += end - start);
        const framer = new Framer(recorder, 65_536);
        framer.push(bytes);
        framer.end();
        const left = bytes.length - taken - recorder.noise;
        const separators = [...bytes].filter((byte) =>
          ' \n\r\t[],\0ï»¿'.includes(String.fromCharCode(byte)),
        );
        expect(left).toBeGreaterThanOrEqual(0);
        expect(left).toBeLessThanOrEqual(separators.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('with the real decoder', () => {
  it.each([...wellFormed, ...damaged])('$name: both ways give the same rows', ({ sent }) => {
    const bytes = Buffer.from(sent);
    const expected = new Gateway({}, 'long way only').send(bytes);
    for (const chunks of [[bytes], oneByOne(bytes), cut(bytes, [0.3, 0.6])]) {
      const gateway = new Gateway().send(...chunks);
      expect(gateway.readings).toEqual(expected.readings);
      expect(gateway.rejects).toEqual(expected.rejects);
      expect(gateway.noise).toBe(expected.noise);
    }
  });

  it('does not let the short way take what is too large', () => {
    const large = `{"id":"a","time":"2025-10-02 17:58:37","temp":1,"note":"${'x'.repeat(40)}"}`;
    const gateway = new Gateway({}, 'both ways', large.length - 1).send(large);
    expect(gateway.readings).toEqual([]);
    expect(gateway.rejects[0]?.reason).toMatch(/larger than/);
    expect(new Gateway({}, 'both ways', large.length).send(large).usual).toBe(1);
  });
});
