/**
 * `/api/sensors`: every sensor with its last reading and what is known of its clock.
 *
 * What always holds: an answer has at most 10,000 sensors, and `next` says where to go on; a database
 * that is away is told at once, not waited for.
 */
import { describeError } from '@zdenergy/core';
import type { Sensor } from '@zdenergy/storage';
import type { RequestHandler } from 'express';
import { sendJson } from './answers.js';
import { clockHint } from './clock-hint.js';
import type { DatabaseState } from './health.js';

const maxSensors = 10_000;
/** As long as a sensor's id may be. */
const maxIdLength = 100;

export interface SensorsParts {
  readonly list: (after: string, limit: number) => Promise<Sensor[]>;
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
    const { after, limit } = question;
    const { connected, problem } = databaseState();
    if (connected === false) {
      sendJson(response, 503, { error: `The database is away: ${problem ?? 'no answer'}` });
      return;
    }
    try {
      const sensors = await list(after, limit);
      const nowMs = Date.now();
      sendJson(response, 200, {
        sensors: sensors.map((sensor) => describeSensor(sensor, sensorTimeZone, nowMs)),
        count: sensors.length,
        next: sensors.length < limit ? null : (sensors.at(-1)?.sensorId ?? null),
      });
    } catch (error) {
      sendJson(response, 503, { error: describeError(error) });
    }
  };
}

/** `after`: the `next` of the answer before. */
function parseQuestion(
  query: Readonly<Record<string, unknown>>,
): { readonly after: string; readonly limit: number } | { readonly problem: string } {
  const { after = '', limit = String(maxSensors) } = query;
  // Longer and with a NUL it is no sensor's id, and Postgres cannot hold it.
  if (typeof after !== 'string' || [...after].length > maxIdLength || after.includes('\0')) {
    return { problem: 'after: expected the id of a sensor' };
  }
  const isCount = typeof limit === 'string' && /^\d{1,5}$/.test(limit);
  if (!isCount || Number(limit) < 1 || Number(limit) > maxSensors) {
    return { problem: `limit: expected a whole number from 1 to ${maxSensors}` };
  }
  return { after, limit: Number(limit) };
}

function describeSensor(sensor: Sensor, sensorTimeZone: string, nowMs: number): object {
  const { sensorId, timeMs, temperature, humidity, lux, irradiance, receivedAtMs, clockSkew } =
    sensor;
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
    clock_skew_seconds: clockSkew === null ? null : Math.round(clockSkew * 10) / 10,
    clock_hint: clockHint(sensor, sensorTimeZone, nowMs),
  };
}
