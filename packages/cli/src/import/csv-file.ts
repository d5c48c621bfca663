/**
 * A CSV export as a source: `Timestamp,Temperature (°C),Humidity (%),Lux,Irradiance (W/m²),Sensor`, or
 * other columns that are known or named.
 *
 * A row is a line: a quoted cell holds no line end, so that a stray quote costs only its own row, and
 * every line's place in the file is known. What always holds: the file is the one whose digest was
 * taken, as long as it was then; memory does not depend on its size. The usual line, without a quote,
 * is split at its commas, which is ten times faster than a general parser that tells places.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from '@zdenergy/core';
import { fields, mapColumns, missingColumns, type Mapped } from './columns.js';
import { lineBlocks } from './lines.js';
import type { Source, SourceBlock, SourceRow } from './source.js';

const readBytes = 256 * 1024;
/** A header is far shorter. */
const headerBytes = 64 * 1024;
const byteOrderMark = '\uFEFF';

const placeInFile = z.object({ offset: z.int().nonnegative(), line: z.int().positive() });

export interface CsvOptions {
  readonly given: ReadonlyMap<Mapped, string>;
  /** The only sensor, where the file names none. */
  readonly sensor: string | undefined;
}

/** @throws {Error} when it cannot be read, or its columns are not known. */
export async function openCsvFile(path: string, options: CsvOptions): Promise<Source> {
  const { size } = await stat(path);
  const header = await readHeader(path);
  const { columns, unused } = mapColumns(header.names, options.given);
  const problem = missingColumns(columns, header.names, options.sensor !== undefined);
  if (problem !== undefined) throw new Error(`${path}: ${problem}`);
  if (columns.sensor !== undefined && options.sensor !== undefined) {
    throw new Error(
      `${path} names the sensor of each row (column "${columns.sensor}"): leave --sensor out, ` +
        'or take that column out of the file.',
    );
  }
  const indexes = fields.map((field) => {
    const name = columns[field];
    return name === undefined ? -1 : header.names.indexOf(name);
  });
  const name = basename(path);
  const digest = await digestOf(path, size);
  return {
    name,
    mayGrow: false,
    unused,
    identity: JSON.stringify(['csv', digest, indexes, options.sensor ?? null]),
    async *blocks(from) {
      const start = placeInFile.safeParse(from);
      let { offset, line } = start.success ? start.data : { offset: header.bytes, line: 2 };
      if (offset >= size) return;
      const chunks = createReadStream(path, {
        start: offset,
        end: size - 1,
        highWaterMark: readBytes,
      });
      for await (const block of lineBlocks(chunks as AsyncIterable<Buffer>)) {
        const rows: SourceRow[] = [];
        for (const text of block.lines) {
          if (text !== '') rows.push(rowOf(text, line, indexes, header.names.length));
          line += 1;
        }
        offset += block.bytes;
        yield { rows, next: { offset, line }, share: offset / size } satisfies SourceBlock;
      }
    },
    raw: ({ line }) => line,
    close: () => Promise.resolve(),
  };
}

interface Header {
  readonly names: readonly string[];
  /** With its line end and the byte order mark. */
  readonly bytes: number;
}

async function readHeader(path: string): Promise<Header> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    const start = buffer.subarray(0, bytesRead);
    if (bytesRead === 0) throw new Error(`${path} is empty.`);
    if (start.includes(0)) {
      throw new Error(`${path} is no text in UTF-8. Save it as "CSV UTF-8".`);
    }
    const end = start.indexOf('\n');
    const bytes = end < 0 ? bytesRead : end + 1;
    const line = start.subarray(0, bytes).toString().replace(byteOrderMark, '').trimEnd();
    const names = splitLine(line);
    if (names === undefined) throw new Error(`${path}: the quotes in its first line do not match.`);
    if (names.length === 1 && /[;\t]/.test(line)) {
      throw new Error(
        `${path}: its columns are separated by ${line.includes(';') ? 'semicolons' : 'tabs'}. ` +
          'Save it with commas between the columns, and points in the numbers.',
      );
    }
    return { names, bytes };
  } finally {
    await file.close();
  }
}

async function digestOf(path: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  if (size > 0) {
    for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: readBytes })) {
      hash.update(chunk as Buffer);
    }
  }
  return hash.digest('hex');
}

function rowOf(
  line: string,
  number: number,
  indexes: readonly number[],
  columnCount: number,
): SourceRow {
  const row = { place: `line ${number}`, line };
  const cells = splitLine(line);
  if (cells === undefined) return { ...row, fields: { problem: 'its quotes do not match' } };
  if (cells.length !== columnCount) {
    const hint =
      cells.length > columnCount ? '. Are decimals written with a comma? They need a point' : '';
    const problem = `it has ${cells.length} cells, and the first line ${columnCount}${hint}`;
    return { ...row, fields: { problem } };
  }
  return { ...row, fields: indexes.map((index) => (index < 0 ? null : (cells[index] ?? null))) };
}

const quoted = /"([^"]*(?:""[^"]*)*)"(?=,|$)/y;
const plain = /[^",]*(?=,|$)/y;

/** The cells of a line as RFC 4180 has them; undefined when its quotes do not match. */
export function splitLine(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(',');
  const cells: string[] = [];
  for (let at = 0; at <= line.length;) {
    const pattern = line[at] === '"' ? quoted : plain;
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match === null) return undefined;
    cells.push(match[1]?.replaceAll('""', '"') ?? match[0]);
    at = pattern.lastIndex + 1;
  }
  return cells;
}
