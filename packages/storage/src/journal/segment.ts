/**
 * A segment: one file of the journal, a header and then records back to back.
 *
 *     offset  bytes  what (numbers big endian)
 *          0      4  magic
 *          4      4  CRC-32 of the header from offset 8
 *          8     16  the journal's id
 *         24      8  sequence number of the first item
 *         32      8  where the sequence had ended before this segment
 *         40         records
 *
 * A first number above the end before it is a declared jump: those numbers were never used. A
 * segment is written by one process in one run, and never again.
 */
import { crc32 } from 'node:zlib';
import type { JournalFile } from './files.js';
import {
  readHeader,
  readRecord,
  recordHeaderBytes,
  recordMagic,
  type JournalRecord,
} from './record.js';

export const segmentHeaderBytes = 40;
const magic = 0x5a44534c;
const recordMagicBytes = Buffer.alloc(4);
recordMagicBytes.writeUInt32BE(recordMagic);

export interface SegmentHeader {
  readonly journalId: string;
  readonly first: number;
  readonly previousEnd: number;
}

export const segmentName = (number: number): string =>
  `${String(number).padStart(10, '0')}.segment`;

/** The number in a segment's file name, or undefined for another file. */
export function segmentNumber(name: string): number | undefined {
  const match = /^(\d{10})\.segment$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  bytes.writeUInt32BE(magic, 0);
  bytes.write(header.journalId.replaceAll('-', ''), 8, 'hex');
  bytes.writeBigUInt64BE(BigInt(header.first), 24);
  bytes.writeBigUInt64BE(BigInt(header.previousEnd), 32);
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** The header, or null when it is short or damaged. */
export async function readSegmentHeader(file: JournalFile): Promise<SegmentHeader | null> {
  const bytes = await readFully(file, 0, segmentHeaderBytes);
  if (bytes.length < segmentHeaderBytes || bytes.readUInt32BE(0) !== magic) return null;
  if (crc32(bytes.subarray(8)) !== bytes.readUInt32BE(4)) return null;
  return {
    journalId: bytes
      .toString('hex', 8, 24)
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    first: Number(bytes.readBigUInt64BE(24)),
    previousEnd: Number(bytes.readBigUInt64BE(32)),
  };
}

/** Bytes of a segment that are no record. */
export interface DamagedBytes {
  readonly from: number;
  readonly to: number;
}

export interface SegmentPart {
  readonly records: JournalRecord[];
  readonly damaged: DamagedBytes[];
  /** The offset at which reading goes on. */
  readonly next: number;
}

/** How much of a segment is taken at a time when all of it is looked through. */
export const scanBytes = 4 * 1024 * 1024;
/** How much of a segment is read at a time. */
const readBytes = 1024 * 1024;

/**
 * Reads records from `offset` until `maxItems` or `maxBytes` are reached, at least one if there is
 * one. `end` bounds what may be read: what is behind it is not durable yet. Bytes that are no record
 * are passed over up to the next header, and named in `damaged`.
 */
export async function readPart(
  file: JournalFile,
  offset: number,
  end: number,
  maxItems: number,
  maxBytes: number,
): Promise<SegmentPart> {
  const records: JournalRecord[] = [];
  const damaged: DamagedBytes[] = [];
  let at = offset;
  let items = 0;
  while (at < end && items < maxItems && at - offset < maxBytes) {
    const want = Math.min(end - at, readBytes);
    let bytes = await readFully(file, at, want);
    const header = readHeader(bytes, 0);
    if (header !== null && recordHeaderBytes + header.bodyBytes > bytes.length) {
      bytes = await readFully(file, at, Math.min(end - at, recordHeaderBytes + header.bodyBytes));
    }
    const taken = takeRecords(bytes, records, maxItems - items);
    items += taken.items;
    at += taken.bytes;
    if (taken.bytes > 0) continue;
    const next = await nextHeader(file, at + 1, end);
    damaged.push({ from: at, to: next });
    at = next;
  }
  return { records, damaged, next: at };
}

/** Takes whole records off the front; returns how many bytes and items they were. */
function takeRecords(
  bytes: Buffer,
  records: JournalRecord[],
  maxItems: number,
): { bytes: number; items: number } {
  let at = 0;
  let items = 0;
  while (items < maxItems) {
    const header = readHeader(bytes, at);
    const record = header === null ? null : readRecord(bytes, at, header);
    if (header === null || record === null) break;
    records.push(record);
    items += record.end - record.first;
    at += recordHeaderBytes + header.bodyBytes;
  }
  return { bytes: at, items };
}

/** The offset of the next header that its checksum confirms, or `end`. */
async function nextHeader(file: JournalFile, from: number, end: number): Promise<number> {
  for (let at = from; at < end;) {
    const bytes = await readFully(file, at, Math.min(end - at, readBytes));
    let found = bytes.indexOf(recordMagicBytes);
    while (found >= 0 && bytes.length - found >= recordHeaderBytes) {
      if (readHeader(bytes, found) !== null) return at + found;
      found = bytes.indexOf(recordMagicBytes, found + 1);
    }
    if (at + bytes.length >= end || bytes.length < recordHeaderBytes) return end;
    // A header may straddle two reads.
    at += bytes.length - recordHeaderBytes + 1;
  }
  return end;
}

/** Reads up to `length` bytes; fewer only at the end of the file. */
export async function readFully(
  file: JournalFile,
  position: number,
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled), position + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
