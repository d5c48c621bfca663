/**
 * A journal record: the bytes of one batch.
 *
 *     offset  bytes  what (numbers big endian)
 *          0      4  magic
 *          4      4  CRC-32 of the header from offset 8
 *          8      4  length of the body
 *         12      4  CRC-32 of the body
 *         16      8  sequence number of the first item
 *         24      4  number of readings
 *         28      4  number of rejects
 *         32      4  length of the readings' rows
 *         36      4  length of the rejects' rows
 *         40      8  when its first item came, milliseconds since 1970
 *         48         body: readings, rejects, months, origins
 *
 * What always holds: a record whose two checksums agree is whole; the header has a checksum of its
 * own, so that a damaged body does not hide how many readings it held or where the next record is.
 * The checksum is zlib's CRC-32: Node computes it natively, and CRC-32C not at all.
 */
import { crc32 } from 'node:zlib';

export const recordHeaderBytes = 48;
export const recordMagic = 0x5a445252;

/** A run of neighbouring readings of one peer. */
export interface Origin {
  readings: number;
  readonly peer: string;
}

export interface RecordHeader {
  readonly bodyBytes: number;
  readonly bodyCrc: number;
  readonly first: number;
  readonly readings: number;
  readonly rejects: number;
  readonly readingsBytes: number;
  readonly rejectsBytes: number;
  readonly writtenAtMs: number;
}

/** A whole record. Its buffers are views of what was read. */
export interface JournalRecord {
  readonly first: number;
  /** The sequence number after the last item. */
  readonly end: number;
  readonly readingCount: number;
  readonly rejectedCount: number;
  readonly readings: Buffer;
  readonly rejected: Buffer;
  readonly months: readonly number[];
  readonly writtenAtMs: number;
  /** Who sent which of the readings; decoded when asked, for it is seldom needed. */
  origins(): Origin[];
}

/** The header at `at`, or null when there is none that its checksum confirms. */
export function readHeader(bytes: Buffer, at: number): RecordHeader | null {
  if (bytes.length - at < recordHeaderBytes || bytes.readUInt32BE(at) !== recordMagic) return null;
  if (crc32(bytes.subarray(at + 8, at + recordHeaderBytes)) !== bytes.readUInt32BE(at + 4)) {
    return null;
  }
  return {
    bodyBytes: bytes.readUInt32BE(at + 8),
    bodyCrc: bytes.readUInt32BE(at + 12),
    first: Number(bytes.readBigUInt64BE(at + 16)),
    readings: bytes.readUInt32BE(at + 24),
    rejects: bytes.readUInt32BE(at + 28),
    readingsBytes: bytes.readUInt32BE(at + 32),
    rejectsBytes: bytes.readUInt32BE(at + 36),
    writtenAtMs: Number(bytes.readBigUInt64BE(at + 40)),
  };
}

/** The record whose header was read at `at`, or null when its body is short or damaged. */
export function readRecord(bytes: Buffer, at: number, header: RecordHeader): JournalRecord | null {
  const start = at + recordHeaderBytes;
  if (bytes.length - start < header.bodyBytes) return null;
  const body = bytes.subarray(start, start + header.bodyBytes);
  if (crc32(body) !== header.bodyCrc) return null;
  const rejectsEnd = header.readingsBytes + header.rejectsBytes;
  const months = decodeMonths(body, rejectsEnd);
  return {
    first: header.first,
    end: header.first + header.readings + header.rejects,
    readingCount: header.readings,
    rejectedCount: header.rejects,
    readings: body.subarray(0, header.readingsBytes),
    rejected: body.subarray(header.readingsBytes, rejectsEnd),
    months,
    writtenAtMs: header.writtenAtMs,
    origins: () => decodeOrigins(body, rejectsEnd + 2 + 2 * months.length),
  };
}

function decodeMonths(body: Buffer, start: number): number[] {
  const count = body.readUInt16BE(start);
  return Array.from({ length: count }, (_, index) => body.readUInt16BE(start + 2 + 2 * index));
}

function decodeOrigins(body: Buffer, start: number): Origin[] {
  const origins: Origin[] = [];
  for (let at = start; at < body.length;) {
    const readings = body.readUInt32BE(at);
    const peerEnd = at + 5 + body.readUInt8(at + 4);
    origins.push({ readings, peer: body.toString('latin1', at + 5, peerEnd) });
    at = peerEnd;
  }
  return origins;
}
