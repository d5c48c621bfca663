/**
 * `/api/sensors`: every sensor with its last reading, whether it still reports, and what is known
 * of its clock.
 *
 * What always holds: an answer has at most 10,000 sensors, and `next` says where to go on. The table of
 * sensors is some seconds behind; sensors that were asked for by name are as new as what is in memory.
 */
import type { Sensor, SensorQuestion, SensorStatus, StoredReading } from '@zdenergy/storage';
import { clockHint } from './clock-hint.js';
import {
  choiceParameter,
  countParameter,
  idPartParameter,
  sensorsParameter,
  type Query,
} from './query-parameters.js';
import { sensorStatus, statusRule } from './sensor-status.js';
import type { AskDatabase, StoredParts } from './stored-parts.js';

const maxSensors = 10_000;
/** As many as fit into a URL, more or less; none: all. */
const asked = [0, 100] as const;
const limits = [1, maxSensors, maxSensors] as const;
const statuses = ['online', 'late', 'silent'] as const satisfies readonly SensorStatus[];

export function answerSensors({
  sensors: table,
  memory,
  sensorTimeZone,
}: StoredParts): AskDatabase {
  return ({ query }) => {
    const question = parseQuestion(query);
    return async () => {
      const nowMs = Date.now();
      const { sensors, counts, judgedAtMs } = await table.list({
        ...question,
        rule: statusRule,
        nowMs,
      });
      const moment = { nowMs, judgedAtMs };
      const newest = newestOf(question.sensorIds ?? [], memory());
      return {
        sensors: sensors.map((sensor) =>
          describeSensor(withNewest(sensor, newest), sensorTimeZone, moment),
        ),
        count: sensors.length,
        next: sensors.length < question.limit ? null : (sensors.at(-1)?.sensorId ?? null),
        counts,
      };
    };
  };
}

type Question = Pick<SensorQuestion, 'after' | 'limit' | 'sensorIds' | 'search' | 'status'>;

/** `after`: the `next` of the answer before. @throws {ParameterRefused} */
function parseQuestion(query: Query): Question {
  const sensorIds = sensorsParameter(query, asked);
  return {
    sensorIds: sensorIds.length === 0 ? undefined : sensorIds,
    after: idPartParameter(query, 'after', 'the id of a sensor'),
    search: idPartParameter(query, 'search', 'a part of the id of a sensor'),
    status: choiceParameter(query, 'status', statuses),
    limit: countParameter(query, 'limit', limits),
  };
}

/** By sensor, of those in the order of arrival. */
function newestOf(
  sensorIds: readonly string[],
  arrived: Iterable<StoredReading>,
): ReadonlyMap<string, StoredReading> {
  const asked = new Set(sensorIds);
  const newest = new Map<string, StoredReading>();
  if (asked.size === 0) return newest;
  for (const reading of arrived) {
    if (asked.has(reading.sensorId)) newest.set(reading.sensorId, reading);
  }
  return newest;
}

function withNewest(sensor: Sensor, newest: ReadonlyMap<string, StoredReading>): Sensor {
  const reading = newest.get(sensor.sensorId);
  if (reading === undefined || reading.receivedAtUs / 1_000 <= sensor.receivedAtMs) return sensor;
  const { timeUs, temperature, humidity, lux, irradiance, receivedAtUs } = reading;
  const values = { temperature, humidity, lux, irradiance };
  return { ...sensor, ...values, timeMs: timeUs / 1_000, receivedAtMs: receivedAtUs / 1_000 };
}

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
