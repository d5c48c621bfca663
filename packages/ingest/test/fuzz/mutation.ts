/** Damages streams the way that lines, memories and programs damage them. */
import type { Random } from './random.js';

/** Longer streams are cut: more of them in the same time find more. */
const maxBytes = 3_000;

const tokens = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\n',
  '\r\n',
  '\0',
  '\u007f',
  ' ',
  '{"a":',
  '[{',
  '}]',
  '{}',
  '":',
  '""',
  '\\u0000',
  '\\ud83d',
  '\\udc00',
  '\\',
  '1e999',
  '1e999999',
  '-',
  '9007199254740993',
  'NaN',
  'null',
  'true',
  '0',
  '.5',
  'e',
  '"id":',
  '"temp":',
  '"time":',
  '"seq":1,',
  '"2025-10-02 17:58:37"',
  '"2025-03-30 02:30:00"',
  '__proto__',
  '\ufeff',
  'ü',
  '🌡️',
].map((token) => Buffer.from(token));

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const replace = (bytes: Buffer, from: number, to: number, by: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]);

/** A piece of up to `most` bytes. */
function piece(bytes: Buffer, random: Random, most: number): [from: number, to: number] {
  const from = random.place(bytes);
  return [from, Math.min(bytes.length, from + 1 + random.below(most))];
}

const mutations: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const flipped = Buffer.from(bytes);
    if (bytes.length > 0) flipped[random.below(bytes.length)] ^= 1 << random.below(8);
    return flipped;
  },
  function anyByte(bytes, random) {
    const changed = Buffer.from(bytes);
    if (bytes.length > 0) changed[random.below(bytes.length)] = random.below(256);
    return changed;
  },
  function insertToken(bytes, random) {
    const at = random.place(bytes);
    return replace(bytes, at, at, random.oneOf(tokens));
  },
  function replaceByToken(bytes, random) {
    const [from, to] = piece(bytes, random, 8);
    return replace(bytes, from, to, random.oneOf(tokens));
  },
  function remove(bytes, random) {
    const [from, to] = piece(bytes, random, 40);
    return replace(bytes, from, to, Buffer.alloc(0));
  },
  function repeat(bytes, random) {
    const [from, to] = piece(bytes, random, 20);
    const repeated = Buffer.alloc((to - from) * (2 + random.below(40)), bytes.subarray(from, to));
    return replace(bytes, from, to, repeated);
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.place(bytes));
  },
  function loseBeginning(bytes, random) {
    return bytes.subarray(random.place(bytes));
  },
  function insertOther(bytes, random, other) {
    const at = random.place(bytes);
    const [from, to] = piece(other, random, 100);
    return replace(bytes, at, at, other.subarray(from, to));
  },
  function crossOver(bytes, random, other) {
    return Buffer.concat([
      bytes.subarray(0, random.place(bytes)),
      other.subarray(random.place(other)),
    ]);
  },
];

/** One of the streams, damaged a few times, or as it is. */
export function damagedStream(streams: readonly Buffer[], random: Random): Buffer {
  let bytes = random.oneOf(streams);
  for (let left = random.below(6); left > 0; left -= 1) {
    bytes = random.oneOf(mutations)(bytes, random, random.oneOf(streams)).subarray(0, maxBytes);
  }
  return bytes;
}

/** Cuts a stream into chunks: into single bytes, or at a few places. */
export function cutAtRandom(bytes: Buffer, random: Random): Buffer[] {
  if (random.below(16) === 0) {
    return Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
  }
  const cuts = Array.from({ length: random.below(8) }, () => random.place(bytes));
  cuts.sort((a, b) => a - b);
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
}
