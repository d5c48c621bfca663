/**
 * Streams as damaged lines, memories and programs send them, made from the corpus of the TCP
 * worker's own tests.
 *
 * What always holds: the same random numbers give the same streams.
 */
import { readdirSync, readFileSync } from 'node:fs';

const corpus = new URL('../../ingest/test/corpus/', import.meta.url);
/** Longer ones are cut: more of them in the same time find more. */
const maxBytes = 3_000;

const tokens = [
  ...['{', '}', '[', ']', '"', ':', ',', '\\', '\n', '\0', '{"a":', '[{', '":', '\\u0000'],
  ...[
    '\\ud83d',
    '1e999',
    '9007199254740993',
    'null',
    '"id":',
    '"time":',
    '"temp":',
    '\ufeff',
    '🌡️',
  ],
].map((token) => Buffer.from(token));

export class MalformedStreams {
  readonly #random: () => number;
  readonly #beginnings = readdirSync(corpus)
    .filter((file) => file.endsWith('.txt'))
    .sort()
    .map((file) => readFileSync(new URL(file, corpus)));

  constructor(random: () => number) {
    this.#random = random;
  }

  /** One of the corpus, damaged up to six times. */
  next(): Buffer {
    let bytes: Buffer = this.#oneOf(this.#beginnings);
    for (let left = this.#below(7); left > 0; left -= 1) {
      bytes = this.#damaged(bytes).subarray(0, maxBytes);
    }
    return bytes;
  }

  #damaged(bytes: Buffer): Buffer {
    const at = this.#below(bytes.length + 1);
    const end = Math.min(bytes.length, at + this.#below(40));
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (this.#below(6)) {
      case 0:
        return Buffer.concat([head, Buffer.of(this.#below(256)), tail.subarray(1)]);
      case 1:
        return Buffer.concat([head, this.#oneOf(tokens), tail]);
      case 2:
        return Buffer.concat([head, bytes.subarray(end)]);
      case 3:
        return Buffer.concat([head, bytes.subarray(at, end), tail]);
      case 4:
        return Buffer.concat([head, this.#oneOf(this.#beginnings).subarray(at)]);
      default:
        return this.#below(2) === 0 ? head : tail;
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #oneOf<Value>(values: readonly Value[]): Value {
    return values[this.#below(values.length)];
  }
}
