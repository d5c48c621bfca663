/**
 * `/api/export/csv`, and `/api/export/estimate`, which says beforehand how large it will be.
 *
 * What always holds: at most a few exports run at once; one that fails half way, or whose client takes
 * nothing for a minute, ends with its connection, so that nobody takes a part for the whole.
 */
import { describeError, timeZone, type TimeZone } from '@zdenergy/core';
import type { CsvExport, TimeRange } from '@zdenergy/storage';
import type { Response } from 'express';
import { sendJson, tellDatabaseAway, tellFailure } from './answers.js';
import type { ExportProgress } from './export-progress.js';
import {
  choiceParameter,
  dayParameter,
  ParameterRefused,
  sensorParameter,
  textParameter,
  type Query,
} from './query-parameters.js';
import type { Answer, AskDatabase, StoredParts } from './stored-parts.js';

const maxExports = 4;
const retryAfterSeconds = 10;
const stallMs = 60_000;
const stalled = 'the client has taken nothing for a minute';
const progressIntervalMs = 500;
/** A usual row: `2025-10-02 17:58:37,24.10,50.50,546.60,4.304,e4643048d7292c2e`. */
const usualRowBytes = 62;
const headerBytes = 74;
const dayMs = 24 * 3_600_000;

interface ExportQuestion {
  readonly range: TimeRange;
  readonly sensorId: string | undefined;
  readonly byteOrderMark: boolean;
  readonly filename: string;
}

export function answerEstimate({ data, displayTimeZone }: StoredParts): AskDatabase {
  const zone = timeZone(displayTimeZone);
  return ({ query }) => {
    const { range, sensorId, filename } = exportParameters(query, zone, Date.now());
    return async () => {
      const { readings: rows } = await data.extent(range, sensorId);
      return { rows, bytes: headerBytes + rows * usualRowBytes, filename };
    };
  };
}

export function answerExport(parts: StoredParts): Answer {
  const zone = timeZone(parts.displayTimeZone);
  let running = 0;
  return async (request, response) => {
    const question = exportParameters(request.query, zone, Date.now());
    const exportId = exportIdParameter(request.query);
    const state = parts.databaseState();
    if (state.connected === false) {
      tellDatabaseAway(response, state);
      return;
    }
    if (request.method === 'HEAD') {
      startCsv(response, question.filename);
      response.end();
      return;
    }
    if (running >= maxExports) {
      response.setHeader('Retry-After', retryAfterSeconds);
      sendJson(response, 503, {
        error: `${maxExports} exports run already. Try again in a moment.`,
      });
      return;
    }
    running += 1;
    try {
      await runExport(parts, question, exportId, response);
    } finally {
      running -= 1;
    }
  };
}

async function runExport(
  { openExport, displayTimeZone, progress, logger }: StoredParts,
  { filename, ...question }: ExportQuestion,
  exportId: string | undefined,
  response: Response,
): Promise<void> {
  const tell = reporter(exportId, progress);
  let csv: CsvExport;
  try {
    csv = await openExport({ ...question, displayTimeZone });
  } catch (error) {
    tell.end(describeError(error));
    tellFailure(response, error, logger);
    return;
  }
  try {
    startCsv(response, filename);
    response.setTimeout(stallMs, () => {
      // A database that keeps us waiting, with a long sort say, is not the client's fault.
      if (response.writableLength > 0) response.destroy(new Error(stalled));
    });
    await csv.writeTo(response, tell.add);
    response.end();
    tell.end(null);
  } catch (error) {
    const hasLeft = response.destroyed && response.errored === null;
    const reason = describeError(response.errored ?? error);
    response.destroy();
    tell.end(hasLeft ? 'The client has left.' : reason);
    if (!hasLeft) logger.error(`An export was broken off: ${reason}`);
  } finally {
    await csv.close();
  }
}

function startCsv(response: Response, filename: string): void {
  response.writeHead(200, {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': `attachment; filename="${filename}"`,
  });
}

interface Reporter {
  readonly add: (bytes: number, rows: number) => void;
  readonly end: (error: string | null) => void;
}

function reporter(exportId: string | undefined, hub: ExportProgress): Reporter {
  let [rows, bytes, toldAtMs] = [0, 0, -Infinity];
  const tell = (done: boolean, error: string | null): void => {
    toldAtMs = performance.now();
    if (exportId !== undefined) hub.publish({ exportId, rows, bytes, done, error });
  };
  return {
    add(moreBytes, moreRows) {
      bytes += moreBytes;
      rows += moreRows;
      if (performance.now() - toldAtMs >= progressIntervalMs) tell(false, null);
    },
    end: (error) => tell(true, error),
  };
}

/** @throws {ParameterRefused} */
function exportIdParameter(query: Query): string | undefined {
  const expected = '1 to 40 letters, digits, _ and -';
  const id = textParameter(query, 'export_id', expected);
  if (id !== undefined && !/^[\w-]{1,40}$/.test(id))
    throw new ParameterRefused('export_id', expected);
  return id;
}

/** The last 24 hours unless asked otherwise. @throws {ParameterRefused} */
function exportParameters(query: Query, zone: TimeZone, nowMs: number): ExportQuestion {
  const sensorId = sensorParameter(query);
  const byteOrderMark = booleanParameter(query, 'bom');
  const isAll = booleanParameter(query, 'all');
  const start = dayParameter(query, 'start_date', zone);
  const end = dayParameter(query, 'end_date', zone);
  const question = (range: TimeRange, name: string): ExportQuestion => ({
    range,
    sensorId,
    byteOrderMark,
    filename: `sensor_data_${name}.csv`,
  });
  if (isAll) {
    if (start ?? end) throw new ParameterRefused('all', 'no start_date or end_date with all=true');
    return question({ fromMs: -Infinity, toMs: Infinity }, 'all');
  }
  if (start === undefined) {
    if (end !== undefined) throw new ParameterRefused('start_date', 'a date, with end_date');
    return question({ fromMs: nowMs - dayMs, toMs: Infinity }, 'last_24h');
  }
  const { endMs } = end ?? start;
  if (endMs <= start.startMs) {
    throw new ParameterRefused('end_date', 'a date that is not before start_date');
  }
  const name = end === undefined ? start.text : `${start.text}_to_${end.text}`;
  return question({ fromMs: start.startMs, toMs: endMs }, name);
}

/** False when it is not given. @throws {ParameterRefused} */
const booleanParameter = (query: Query, name: string): boolean =>
  choiceParameter(query, name, ['true', 'false']) === 'true';
