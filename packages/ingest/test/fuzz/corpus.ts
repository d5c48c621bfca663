/**
 * Streams to begin from: what gateways send, what damaged ones send, and every failure found.
 *
 * What always holds: a failure is kept exactly as it was sent, with its cuts and its limit, in a
 * file `seed-SEED-run-RUN.found`, since the corpus that it grew from will have changed; what people
 * collected (`*.txt`) is damage alone.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { streamOf, type Stream } from './stream-check.js';

const directory = new URL('../corpus/', import.meta.url);

/** A stream that once broke a promise, with the lengths of the chunks in which it came. */
export interface Found {
  readonly stream: Stream;
  readonly chunkBytes: readonly number[];
}

/** Bytes are texts of as many characters, so that people can read them. */
interface FoundFile {
  readonly wrong: readonly string[];
  readonly maxFrameBytes: number;
  readonly chunkBytes: readonly number[];
  readonly damage: string;
  readonly tail: string;
}

const files = readdirSync(directory).sort();
const withEnding = (ending: string): string[] => files.filter((file) => file.endsWith(ending));

const collected: [name: string, damage: Buffer][] = withEnding('.txt').map((file) => [
  file,
  readFileSync(new URL(file, directory)),
]);

export const found: ReadonlyMap<string, Found> = new Map(
  withEnding('.found').map((file) => [file, readFound(file)]),
);

/** The damage of every stream, by the name of its file. */
export const corpus: ReadonlyMap<string, Buffer> = new Map([
  ...collected,
  ...[...found].map(([file, { stream }]): [string, Buffer] => [file, stream.damage]),
]);

/** Keeps a failure for all runs to come; returns the path of its file, from the project's root. */
export function keepFound(
  name: string,
  { damage, tail, maxFrameBytes }: Stream,
  chunks: readonly Buffer[],
  wrong: readonly string[],
): string {
  const content: FoundFile = {
    // Without the stack, which names a machine's own paths.
    wrong: wrong.map((what) => what.split('\n')[0]),
    maxFrameBytes,
    chunkBytes: chunks.map(({ length }) => length),
    damage: damage.toString('latin1'),
    tail: tail.toString('latin1'),
  };
  writeFileSync(new URL(`${name}.found`, directory), `${JSON.stringify(content, null, 2)}\n`);
  return `packages/ingest/test/corpus/${name}.found`;
}

function readFound(file: string): Found {
  const text = readFileSync(new URL(file, directory), 'utf8');
  const { maxFrameBytes, chunkBytes, damage, tail } = JSON.parse(text) as FoundFile;
  const bytes = [damage, tail].map((part) => Buffer.from(part, 'latin1'));
  return { stream: streamOf(bytes[0], bytes[1], maxFrameBytes), chunkBytes };
}
