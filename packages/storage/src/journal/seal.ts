/** Makes a batch a journal record; record.ts has the layout. */
import { crc32 } from 'node:zlib';
import type { Batch } from '../batch.js';
import { recordHeaderBytes, recordMagic, type Origin } from './record.js';

/**
 * The batch as a record that starts at `first`. The result is a view of the batch's own buffer,
 * valid until the batch is cleared; sealing the same batch again, with another number, is fine.
 */
export function sealBatch(batch: Batch, first: number, writtenAtMs: number): Buffer {
  const rowsEnd = batch.readings.length;
  const readingsBytes = rowsEnd - recordHeaderBytes;
  const rejects = batch.rejected.rows;
  batch.readings.append(rejects);
  batch.readings.append(encodeMonths(batch.months));
  batch.readings.append(encodeOrigins(batch.origins));
  const record = batch.readings.bytes.subarray(0, batch.readings.length);
  batch.readings.length = rowsEnd;

  const body = record.subarray(recordHeaderBytes);
  record.writeUInt32BE(recordMagic, 0);
  record.writeUInt32BE(body.length, 8);
  record.writeUInt32BE(crc32(body), 12);
  record.writeBigUInt64BE(BigInt(first), 16);
  record.writeUInt32BE(batch.readingCount, 24);
  record.writeUInt32BE(batch.rejectedCount, 28);
  record.writeUInt32BE(readingsBytes, 32);
  record.writeUInt32BE(rejects.length, 36);
  record.writeBigUInt64BE(BigInt(writtenAtMs), 40);
  record.writeUInt32BE(crc32(record.subarray(8, recordHeaderBytes)), 4);
  return record;
}

function encodeMonths(months: ReadonlySet<number>): Buffer {
  const encoded = Buffer.allocUnsafe(2 + 2 * months.size);
  let at = encoded.writeUInt16BE(months.size, 0);
  for (const month of months) at = encoded.writeUInt16BE(month, at);
  return encoded;
}

function encodeOrigins(origins: readonly Origin[]): Buffer {
  const encoded = Buffer.allocUnsafe(
    origins.reduce((sum, origin) => sum + 5 + origin.peer.length, 0),
  );
  let at = 0;
  for (const { readings, peer } of origins) {
    at = encoded.writeUInt32BE(readings, at);
    at = encoded.writeUInt8(peer.length, at);
    at += encoded.write(peer, at, 'latin1');
  }
  return encoded;
}
