/**
 * Readings as CSV, straight from Postgres to a stream.
 *
 * What always holds: the rows are those of one moment, in the order of time and sensor; the memory
 * used does not depend on how many there are, and a slow reader is waited for; the range is sorted in
 * pieces, since all at once would fill the disk; a reader that leaves leaves no backend behind.
 */
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { timeZone } from '@zdenergy/core';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { csvColumns, CsvRows } from '../csv-rows.js';
import { connect, DatabaseUnavailable, describeDatabaseError } from './connection.js';
import { partitionedRange } from './partitions.js';
import { hourMs } from './rollups.js';
import { readingSession, type TimeRange } from './stored-data.js';

/** The first line; the columns of a row in words. */
const csvHeader = 'Timestamp,Temperature (°C),Humidity (%),Lux,Irradiance (W/m²),Sensor\n';

/** The mark by which spreadsheets know UTF-8; without it they take it for Latin-1. */
const byteOrderMark = '\uFEFF';

/** About as many rows are sorted at a time, within `work_mem`. */
const rowsPerPiece = 200_000;
const workMem = '64MB';
const dayMs = 24 * hourMs;
/** Where nothing is known of how many readings there are. */
const unknownPieceMs = dayMs;
const longestPieceMs = 31 * dayMs;
/**
 * A slow reader may take its time, and the endpoint ends one that takes nothing. Yet as long as it lasts,
 * VACUUM cannot clear away what has changed since.
 */
const timeoutMs = 12 * hourMs;
/** Until the first row: what the rollups do not know yet is looked through. */
const startTimeoutMs = 60_000;

export interface CsvQuestion {
  readonly range: TimeRange;
  readonly sensorId: string | undefined;
  readonly displayTimeZone: string;
  /** Begin with a byte order mark, for spreadsheets; programs mostly stumble over it. */
  readonly byteOrderMark: boolean;
}

export interface CsvExport {
  /**
   * Writes header and rows; `onChunk` is told what was written. The target is not ended.
   * @throws when the target closes or Postgres fails; then what was written is not all.
   */
  writeTo(target: Writable, onChunk: (bytes: number, rows: number) => void): Promise<void>;
  /** Ends the session, at once when rows are still being sent. */
  close(): Promise<void>;
}

/** Opens a session for one export. @throws {DatabaseUnavailable} */
export async function openCsvExport(
  databaseUrl: string,
  question: CsvQuestion,
): Promise<CsvExport> {
  const connection = await connect(databaseUrl, 'zdenergy export');
  try {
    const pieces = await connection.run(async (client) => {
      await client.query(
        `${readingSession}; SET statement_timeout = 0; SET work_mem = '${workMem}';
         BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`,
      );
      // A backend that only sorts would not see for a while that its client has left.
      await client.query(
        `SELECT set_config(name, '1000', false) FROM pg_settings
          WHERE name = 'client_connection_check_interval'`,
      );
      return piecesOf(client, question);
    }, startTimeoutMs);
    return {
      writeTo: (target, onChunk) =>
        connection.run(async (client) => {
          // One pipeline for all: each leaves a listener behind on a target that it does not end.
          const lines = csvLines(client, question, pieces, onChunk);
          await pipeline(lines, target, { end: false });
          await client.query('COMMIT');
        }, timeoutMs),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw new DatabaseUnavailable(describeDatabaseError(error, databaseUrl), error);
  }
}

/** Whether there are readings in each of these ranges. */
export async function haveReadings(
  client: pg.Client,
  ranges: readonly TimeRange[],
): Promise<boolean[]> {
  await client.query(readingSession);
  const { rows } = await client.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM readings
                     WHERE time >= to_timestamp(range.start) AND time < to_timestamp(range.stop)
                   ) AS found
       FROM unnest($1::float8[], $2::float8[]) WITH ORDINALITY AS range (start, stop, n)
      ORDER BY range.n`,
    [ranges.map(({ fromMs }) => fromMs / 1_000), ranges.map(({ toMs }) => toMs / 1_000)],
  );
  return rows.map(({ found }) => found);
}

/** The header and the rows, piece after piece, as chunks. */
async function* csvLines(
  client: pg.Client,
  question: CsvQuestion,
  pieces: readonly TimeRange[],
  onChunk: (bytes: number, rows: number) => void,
): AsyncGenerator<Buffer> {
  const header = Buffer.from((question.byteOrderMark ? byteOrderMark : '') + csvHeader);
  onChunk(header.length, 0);
  yield header;
  const rows = new CsvRows(timeZone(question.displayTimeZone));
  for (const piece of pieces) {
    rows.begin();
    const sql = `COPY (${selectRows(question, piece)}) TO STDOUT WITH (FORMAT binary)`;
    for await (const chunk of client.query(copyTo(sql)) as AsyncIterable<Buffer>) {
      const { text, count } = rows.lines(chunk);
      onChunk(text.length, count);
      yield text;
    }
  }
}

/**
 * One after the other without a gap, over all that there can be: what the rollups know only says where to
 * cut. Of a sensor a single one, for the index has its readings in order.
 */
async function piecesOf(client: pg.Client, question: CsvQuestion): Promise<TimeRange[]> {
  const { range, sensorId } = question;
  if (sensorId !== undefined) return [range];
  const all = await partitionedRange(client);
  if (all === null) return [];
  const within = {
    fromMs: Math.max(range.fromMs, all.fromMs),
    toMs: Math.min(range.toMs, all.toMs),
  };
  const counts = await client.query<{ fromMs: number; readings: number }>(
    `SELECT (extract(epoch FROM bucket) * 1000)::float8 AS "fromMs", readings::float8 AS readings
       FROM readings_counts
      WHERE bucket >= to_timestamp($1) AND bucket < to_timestamp($2) ORDER BY bucket`,
    [within.fromMs / 1_000, within.toMs / 1_000],
  );
  const progress = await client.query<{ untilMs: number }>(
    `SELECT (extract(epoch FROM received_until) * 1000)::float8 AS "untilMs" FROM rollups_progress`,
  );
  return cutIntoPieces(within, counts.rows, progress.rows[0]?.untilMs ?? -Infinity);
}

/** By what the rollups know; where they know nothing yet, by the day. */
export function cutIntoPieces(
  { fromMs, toMs }: TimeRange,
  counts: readonly { readonly fromMs: number; readonly readings: number }[],
  knownUntilMs: number,
): TimeRange[] {
  const pieces: TimeRange[] = [];
  let startMs = fromMs;
  let readings = 0;
  const cutAt = (ms: number): void => {
    if (ms <= startMs || ms >= toMs) return;
    pieces.push({ fromMs: startMs, toMs: ms });
    startMs = ms;
    readings = 0;
  };
  const cutUntil = (ms: number): void => {
    while (ms - startMs > 0) {
      const longest = startMs < knownUntilMs ? longestPieceMs : unknownPieceMs;
      if (ms - startMs <= longest) return;
      const before = startMs;
      cutAt(startMs + longest);
      if (startMs === before) return;
    }
  };
  for (const count of counts) {
    cutUntil(count.fromMs);
    if (readings > 0 && readings + count.readings > rowsPerPiece) cutAt(count.fromMs);
    readings += count.readings;
  }
  cutUntil(toMs);
  if (toMs > startMs) pieces.push({ fromMs: startMs, toMs });
  return pieces;
}

const instant = (ms: number): string =>
  Number.isFinite(ms)
    ? `to_timestamp(${ms / 1_000})`
    : `'${ms < 0 ? '-' : ''}infinity'::timestamptz`;

/** COPY takes no parameters: what comes from outside is written as literals. */
const selectRows = ({ sensorId }: CsvQuestion, piece: TimeRange): string => `
  SELECT ${csvColumns}
    FROM readings
   WHERE time >= ${instant(piece.fromMs)} AND time < ${instant(piece.toMs)}
         ${sensorId === undefined ? '' : `AND sensor_id = ${pg.escapeLiteral(sensorId)}`}
   ORDER BY time, sensor_id`;
