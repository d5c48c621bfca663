/**
 * `/api/sensors`: every sensor with its last reading, whether it still reports, and what is known
 * of its clock.
 *
 * What always holds: an answer has at most 10,000 sensors, and `next` says where to go on; a database
 * that is away is told at once, not waited for.
 */
import { describeError } from '@zdenergy/core';
import type { Sensor, SensorPage, SensorQuestion, SensorStatus } from '@zdenergy/storage';
import type { RequestHandler } from 'express';
import { sendJson } from './answers.js';
import { clockHint } from './clock-hint.js';
import type { DatabaseState } from './health.js';
import { sensorStatus, statusRule } from './sensor-status.js';

const maxSensors = 10_000;
/** As long as a sensor's id may be. */
const maxIdLength = 100;

export interface SensorsParts {
  readonly list: (question: SensorQuestion) => Promise<SensorPage>;
  readonly databaseState: () => DatabaseState;
  readonly sensorTimeZone: string;
}

export function sensorsEndpoint({
  list,
  databaseState,
  sensorTimeZone,
}: SensorsParts): RequestHandler {
  return async (request, response) => {
    const question = parseQuestion(request.query);
    if ('problem' in question) {
      sendJson(response, 400, { error: question.problem });
      return;
    }
    const { connected, problem } = databaseState();
    if (connected === false) {
      sendJson(response, 503, { error: `The database is away: ${problem ?? 'no answer'}` });
      return;
    }
    try {
      const nowMs = Date.now();
      const { sensors, counts, judgedAtMs } = await list({ ...question, rule: statusRule, nowMs });
      const moment = { nowMs, judgedAtMs };
      sendJson(response, 200, {
        sensors: sensors.map((sensor) => describeSensor(sensor, sensorTimeZone, moment)),
        count: sensors.length,
        next: sensors.length < question.limit ? null : (sensors.at(-1)?.sensorId ?? null),
        counts,
      });
    } catch (error) {
      sendJson(response, 503, { error: describeError(error) });
    }
  };
}

type Question = Pick<SensorQuestion, 'after' | 'limit' | 'search' | 'status'>;

/** `after`: the `next` of the answer before. */
function parseQuestion(
  query: Readonly<Record<string, unknown>>,
): Question | { readonly problem: string } {
  const { after = '', limit = String(maxSensors), search = '', status = '' } = query;
  if (!isPartOfId(after)) return { problem: 'after: expected the id of a sensor' };
  if (!isPartOfId(search)) return { problem: 'search: expected a part of the id of a sensor' };
  if (status !== '' && !isStatus(status)) {
    return { problem: `status: expected ${statuses.join(', ')}` };
  }
  const isCount = typeof limit === 'string' && /^\d{1,5}$/.test(limit);
  if (!isCount || Number(limit) < 1 || Number(limit) > maxSensors) {
    return { problem: `limit: expected a whole number from 1 to ${maxSensors}` };
  }
  return { after, limit: Number(limit), search, status: status === '' ? undefined : status };
}

/** Longer or with a NUL it is in no sensor's id, and Postgres cannot hold it. */
const isPartOfId = (value: unknown): value is string =>
  typeof value === 'string' && [...value].length <= maxIdLength && !value.includes('\0');

const statuses: readonly unknown[] = ['online', 'late', 'silent'] satisfies SensorStatus[];
const isStatus = (value: unknown): value is SensorStatus => statuses.includes(value);

interface Moment {
  readonly nowMs: number;
  /** Until then the list is complete, more or less. */
  readonly judgedAtMs: number;
}

function describeSensor(
  sensor: Sensor,
  sensorTimeZone: string,
  { nowMs, judgedAtMs }: Moment,
): object {
  const {
    sensorId,
    timeMs,
    temperature,
    humidity,
    lux,
    irradiance,
    receivedAtMs,
    clockSkew,
    intervalSeconds,
  } = sensor;
  return {
    sensor_id: sensorId,
    last_reading: {
      time: new Date(timeMs).toISOString(),
      temp: temperature,
      rh: humidity,
      lux,
      irradiance,
    },
    received_at: new Date(receivedAtMs).toISOString(),
    seconds_since: Math.max(0, Math.floor((nowMs - receivedAtMs) / 1_000)),
    interval_seconds: intervalSeconds,
    status: sensorStatus((judgedAtMs - receivedAtMs) / 1_000, intervalSeconds),
    clock_skew_seconds: clockSkew === null ? null : Math.round(clockSkew * 10) / 10,
    clock_hint: clockHint(sensor, sensorTimeZone, nowMs),
  };
}
