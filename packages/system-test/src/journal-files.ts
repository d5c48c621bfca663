/**
 * A journal's files as a test that damages them sees them.
 *
 * What always holds: where records lie is worked out here from the documented layout, not with
 * zdenergy's own reader, whose work is under test.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const segmentHeaderBytes = 40;
const recordHeaderBytes = 48;
const recordMagic = 0x5a445252;

export interface RecordPlace {
  readonly at: number;
  readonly end: number;
  readonly readings: number;
}

/** The segments of a journal that hold records, oldest first. */
export function segmentsOf(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.segment'))
    .sort()
    .map((name) => join(directory, name))
    .filter((path) => recordsOf(path).length > 0);
}

/** The records of a segment that is whole. @throws {Error} when something else lies between them. */
export function recordsOf(path: string): RecordPlace[] {
  const bytes = readFileSync(path);
  const records: RecordPlace[] = [];
  for (let at = segmentHeaderBytes; at < bytes.length;) {
    if (bytes.readUInt32BE(at) !== recordMagic) throw new Error(`${path}: no record at ${at}`);
    const end = at + recordHeaderBytes + bytes.readUInt32BE(at + 8);
    records.push({ at, end, readings: bytes.readUInt32BE(at + 24) });
    at = end;
  }
  return records;
}
