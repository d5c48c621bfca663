/**
 * `/api/data`: the newest readings of a range, oldest first.
 *
 * What always holds: without a question about the past, and whenever the database is away, the answer
 * comes from memory, and says so.
 */
import { timeZone } from '@zdenergy/core';
import {
  isServerGone,
  type MeasuredReading,
  type StoredReading,
  type TimeRange,
} from '@zdenergy/storage';
import { sendJson, tellFailure } from './answers.js';
import { countParameter, sensorParameter } from './query-parameters.js';
import { describeReading } from './reading-json.js';
import { rangeParameters } from './readings-range.js';
import type { Answer, StoredParts } from './stored-parts.js';

const limits = [1, 10_000, 1_000] as const;
const always: TimeRange = { fromMs: -Infinity, toMs: Infinity };

export function answerData({
  data,
  databaseState,
  memory,
  displayTimeZone,
  logger,
}: StoredParts): Answer {
  const zone = timeZone(displayTimeZone);
  return async ({ query }, response) => {
    const limit = countParameter(query, 'limit', limits);
    const sensorId = sensorParameter(query);
    const asked = rangeParameters(query, zone, Date.now());
    const range = asked ?? always;
    const isOfMemory = asked === undefined && sensorId === undefined;
    const isAway = (): boolean => databaseState().connected === false;
    let stored: MeasuredReading[] | undefined;
    if (!isOfMemory && !isAway()) {
      try {
        stored = await data.newest(range, sensorId, limit);
      } catch (error) {
        // A question that took too long is no reason to call what is in memory an answer to it.
        if (!isAway() && !isServerGone(error)) {
          tellFailure(response, error, logger);
          return;
        }
      }
    }
    const readings = stored ?? newestInMemory(memory(), range, sensorId, limit);
    sendJson(response, 200, {
      readings: readings.map((reading) => describeReading(reading, reading.timeMs)),
      count: readings.length,
      source: stored === undefined ? 'memory' : 'database',
    });
  };
}

function newestInMemory(
  readings: Iterable<StoredReading>,
  { fromMs, toMs }: TimeRange,
  sensorId: string | undefined,
  limit: number,
): MeasuredReading[] {
  return [...readings]
    .map((reading) => ({ ...reading, timeMs: reading.timeUs / 1_000 }))
    .filter(
      (reading) =>
        reading.timeMs >= fromMs &&
        reading.timeMs < toMs &&
        (sensorId === undefined || reading.sensorId === sensorId),
    )
    .sort((a, b) => a.timeMs - b.timeMs)
    .slice(-limit);
}
