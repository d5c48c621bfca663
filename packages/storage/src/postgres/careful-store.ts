/**
 * The careful way to store readings: through a temporary table, compared with what is there.
 *
 * It runs inside a transaction and gives every reading one of three fates. Stored: nothing was
 * there for its sensor and time. Duplicate: the same reading is there. Rejected: Postgres cannot
 * hold it, or another reading of this sensor and time is there; then it stands in
 * `rejected_readings`. A number `n` for each reading leads back to the rows in memory.
 */
import type pg from 'pg';
import { decodeRows, readingColumns, rejectedColumns, RowBuffer, splitRows } from '../copy-rows.js';
import type { StoredReading } from '../copy-rows.js';
import type { Origin } from '../journal/record.js';
import { copyRows, describeRefusal, isRefusal } from './copy.js';

/** What became of readings. */
export interface Outcome {
  readonly stored: number;
  readonly duplicates: number;
  /** Rejected, because another reading of this sensor at this time is there. */
  readonly conflicts: number;
  /** Rejected, because Postgres cannot hold it. */
  readonly refused: number;
}

/** Readings as rows, and who sent which of them. */
export interface SentRows {
  readonly readings: Buffer;
  origins(): readonly Origin[];
}

interface Row {
  readonly bytes: Buffer;
  readonly peer: string;
}

/** `seq` numbers a message, not a measurement: a re-sent reading may carry another one. */
export const sameReading = `
  i.temperature IS NOT DISTINCT FROM r.temperature
  AND i.humidity IS NOT DISTINCT FROM r.humidity
  AND i.lux IS NOT DISTINCT FROM r.lux
  AND i.irradiance IS NOT DISTINCT FROM r.irradiance
  AND coalesce(i.extra, '{}') - 'seq' = coalesce(r.extra, '{}') - 'seq'`;

export const makeIncoming = `
  CREATE TEMPORARY TABLE IF NOT EXISTS incoming (
    n integer NOT NULL,
    LIKE readings
  ) ON COMMIT DELETE ROWS`;

const conflictReason = 'another reading of this sensor at this time is already stored';

/** Stores the readings of the records; the transaction is the caller's. */
export async function storeCarefully(
  client: pg.Client,
  records: readonly SentRows[],
): Promise<Outcome> {
  const rows = records.flatMap(rowsOfRecord);
  await client.query(makeIncoming);
  const rejects = new RowBuffer(64 * 1024);
  const { stored, refused } = await storeRows(client, rows, 0, rejects);
  // Each is looked up by its key (LIMIT keeps it so). As a join, Postgres reads the whole month for it:
  // one reading that came twice then held up the drain, the longer the more was stored.
  const conflicts = await client.query<{ n: number }>(`
    SELECT i.n
      FROM incoming i
     CROSS JOIN LATERAL (
       SELECT * FROM readings WHERE sensor_id = i.sensor_id AND time = i.time LIMIT 1
     ) r
     WHERE NOT (${sameReading}) ORDER BY i.n`);
  for (const { n } of conflicts.rows) reject(rejects, rows[n], conflictReason);
  if (rejects.length > 0) {
    await copyRows(client, `rejected_readings (${rejectedColumns})`, [rejects.rows]);
  }
  const rejected = refused + conflicts.rows.length;
  const duplicates = rows.length - stored - rejected;
  return { stored, duplicates, conflicts: conflicts.rows.length, refused };
}

/**
 * Copies rows into the temporary table, and from there what is new into `readings`. When Postgres
 * refuses that, for a value or for a rule of the table, the rows are halved until the culprit stands
 * alone and is rejected. Returns how many were stored and how many refused.
 */
async function storeRows(
  client: pg.Client,
  rows: readonly Row[],
  firstN: number,
  rejects: RowBuffer,
): Promise<{ stored: number; refused: number }> {
  await client.query('SAVEPOINT attempt');
  try {
    await copyIncoming(
      client,
      rows.map(({ bytes }) => bytes),
      firstN,
    );
    const inserted = await client.query(
      `INSERT INTO readings (${readingColumns})
       SELECT DISTINCT ON (sensor_id, time) ${readingColumns}
         FROM incoming WHERE n >= $1 ORDER BY sensor_id, time, n
       ON CONFLICT (sensor_id, time) DO NOTHING`,
      [firstN],
    );
    await client.query('RELEASE SAVEPOINT attempt');
    return { stored: inserted.rowCount ?? 0, refused: 0 };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt');
    if (rows.length === 1) {
      reject(rejects, rows[0], describeRefusal(error));
      return { stored: 0, refused: 1 };
    }
  }
  const half = Math.ceil(rows.length / 2);
  const first = await storeRows(client, rows.slice(0, half), firstN, rejects);
  const second = await storeRows(client, rows.slice(half), firstN + half, rejects);
  return { stored: first.stored + second.stored, refused: first.refused + second.refused };
}

/** Copies rows into the temporary table, numbered from `firstN` on. */
export async function copyIncoming(
  client: pg.Client,
  rows: readonly Buffer[],
  firstN: number,
): Promise<void> {
  const numbered = rows.map((row, index) => withNumber(row, firstN + index));
  await copyRows(client, `incoming (n, ${readingColumns})`, numbered);
}

/** The row with `n` as one more field in front. */
function withNumber(row: Buffer, n: number): Buffer {
  const numbered = Buffer.allocUnsafe(row.length + 8);
  numbered.writeInt16BE(row.readInt16BE(0) + 1, 0);
  numbered.writeInt32BE(4, 2);
  numbered.writeInt32BE(n, 6);
  row.copy(numbered, 10, 2);
  return numbered;
}

function rowsOfRecord(record: SentRows): Row[] {
  const peers = record
    .origins()
    .flatMap(({ readings, peer }) => Array<string>(readings).fill(peer));
  return splitRows(record.readings).map((bytes, index) => ({
    bytes,
    peer: peers[index] ?? 'unknown',
  }));
}

function reject(rejects: RowBuffer, row: Row, reason: string): void {
  const [reading] = decodeRows(row.bytes);
  rejects.addRejected(reading.receivedAtUs, row.peer, reason, wireFormat(reading));
}

/** A reading as a gateway would send it. */
function wireFormat(reading: StoredReading): string {
  const measurements = {
    id: reading.sensorId,
    time: isoTime(reading.timeUs),
    ...(reading.temperature !== null && { temp: reading.temperature }),
    ...(reading.humidity !== null && { rh: reading.humidity }),
    ...(reading.lux !== null && { lux: reading.lux }),
    ...(reading.irradiance !== null && { irradiance: reading.irradiance }),
  };
  const text = JSON.stringify(measurements);
  // The extra fields keep the very digits that were sent, which parsing them would not.
  return reading.extra === null || reading.extra === '{}'
    ? text
    : `${text.slice(0, -1)},${reading.extra.slice(1)}`;
}

/** ISO 8601 with as many decimals as the time has. */
function isoTime(us: number): string {
  const micros = String(((us % 1_000) + 1_000) % 1_000).padStart(3, '0');
  const millis = new Date(Math.floor(us / 1_000)).toISOString().slice(0, -1);
  return `${millis}${micros}`.replace(/\.?0+$/, '') + 'Z';
}
