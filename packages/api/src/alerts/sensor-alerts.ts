/**
 * When sensors are worth a message: they have fallen silent, or they are back.
 *
 * Plain functions over values. What always holds: silence counts only while gateways could be heard
 * and everything that came in is accounted for; sensors that fall silent or come back together are told
 * together; a sensor that was told as silent is told as back before it is told as silent again.
 */
import type { Sensor } from '@zdenergy/storage';
import type { Now } from '../health.js';
import { sensorStatus, statusRule } from '../sensor-status.js';
import { maxSensors, type SensorsState, type SilentSensor, type Told } from './alert-state.js';
import type { ReturnedSensor } from './alert-state.js';

/**
 * Sensors of one place report at different moments of their interval, and so fall silent and come back
 * within an interval: a group waits so long for its others.
 */
const minGroupMs = 30_000;
/** Sensors that report less often than this may come in several groups. */
const maxGroupMs = 3_600_000;
/** Where sensors come and go all the time, there is a message of each kind so often at most. */
const pauseMs = 300_000;
/** The table of sensors may be so far behind before nobody can be judged by it. */
const maxLagMs = 30_000;

export type SensorView = Pick<Sensor, 'sensorId' | 'receivedAtMs' | 'intervalSeconds'>;

/** What the table of sensors says at a moment. */
export interface SensorSight {
  /** Readings received until then are accounted for. */
  readonly completeUntilMs: number;
  /** All that seem silent by the table alone. */
  readonly silent: readonly SensorView[];
  /** Those of the known silent ones that do not; one that is missing here is gone from the table. */
  readonly others: readonly SensorView[];
}

/** For tests, which cannot wait for minutes. */
export interface SensorTimes {
  /** From when everything can be heard until silence counts. */
  readonly hearMs: number;
  readonly minGroupMs: number;
}
export const sensorTimes: SensorTimes = {
  hearMs: statusRule.silentAfterSeconds * 1_000,
  minGroupMs,
};

interface Waiting {
  readonly sensor: SensorView;
  /** When its group is told at the latest, by the monotonic clock. */
  readonly untilMs: number;
}

/** The groups that are still being collected; a restart finds them again. */
export interface SensorMemory {
  readonly leaving: ReadonlyMap<string, Waiting>;
  readonly returning: ReadonlyMap<string, Waiting>;
  /** When the last group of each was complete. */
  readonly leftAtMs: number;
  readonly returnedAtMs: number;
}
export const noSensorMemory: SensorMemory = {
  leaving: new Map(),
  returning: new Map(),
  leftAtMs: Number.NEGATIVE_INFINITY,
  returnedAtMs: Number.NEGATIVE_INFINITY,
};

interface Seen {
  /** The same object as before when nothing has happened. */
  readonly sensors: SensorsState;
  readonly memory: SensorMemory;
}

/** Takes in what the table of sensors says; to be called every few seconds. */
export function seeSensors(
  sensors: SensorsState,
  memory: SensorMemory,
  sight: SensorSight,
  now: Now,
  times = sensorTimes,
): Seen {
  const { heard } = sensors;
  if (heard === null || now.wallMs - sight.completeUntilMs > maxLagMs) return { sensors, memory };
  const heardMs = heard.untilMs - heard.sinceMs;
  const known = new Map(sensors.silent.map((sensor) => [sensor.sensorId, sensor]));
  const left = sight.silent
    .filter(
      (sensor) =>
        !known.has(sensor.sensorId) && isSilent(sensor, sight.completeUntilMs, heardMs, times),
    )
    .slice(0, Math.max(0, maxSensors - known.size));
  const back = sight.others.filter((sensor) => {
    const before = known.get(sensor.sensorId);
    return before !== undefined && sensor.receivedAtMs > before.receivedAtMs;
  });
  const next = {
    ...memory,
    leaving: collect(memory.leaving, left, now.monotonicMs, times),
    returning: collect(memory.returning, back, now.monotonicMs, times),
  };
  return close(withoutGone(sensors, sight), next, now.monotonicMs);
}

/** It has been silent for long enough, and has had the chance to be heard. */
function isSilent(
  { receivedAtMs, intervalSeconds }: SensorView,
  completeUntilMs: number,
  heardMs: number,
  { hearMs }: SensorTimes,
): boolean {
  return (
    heardMs >= hearMs &&
    (intervalSeconds === null || sensorStatus(heardMs / 1_000, intervalSeconds) !== 'online') &&
    sensorStatus((completeUntilMs - receivedAtMs) / 1_000, intervalSeconds) === 'silent'
  );
}

/** Those that were there before keep their place, and those that are not there any more leave. */
function collect(
  before: ReadonlyMap<string, Waiting>,
  there: readonly SensorView[],
  nowMs: number,
  times: SensorTimes,
): Map<string, Waiting> {
  return new Map(
    there.map((sensor) => {
      const intervalMs = (sensor.intervalSeconds ?? 0) * 1_000;
      const waitMs = Math.min(maxGroupMs, Math.max(times.minGroupMs, intervalMs));
      const untilMs = before.get(sensor.sensorId)?.untilMs ?? nowMs + waitMs;
      return [sensor.sensorId, { sensor, untilMs }];
    }),
  );
}

/** Sensors that are in the table no more are of no interest to anybody. */
function withoutGone(sensors: SensorsState, { silent, others }: SensorSight): SensorsState {
  const there = new Set([...silent, ...others].map(({ sensorId }) => sensorId));
  const left = sensors.silent.filter(({ sensorId }) => there.has(sensorId));
  return left.length === sensors.silent.length ? sensors : { ...sensors, silent: left };
}

/** Makes a group of those that have waited for others for long enough. */
function close(sensors: SensorsState, memory: SensorMemory, nowMs: number): Seen {
  const isDue = (group: ReadonlyMap<string, Waiting>, lastAtMs: number): boolean =>
    nowMs - lastAtMs >= pauseMs && [...group.values()].some(({ untilMs }) => nowMs >= untilMs);
  let next: Seen = { sensors, memory };
  if (isDue(memory.returning, memory.returnedAtMs)) {
    next = {
      sensors: withReturned(next.sensors, memory.returning),
      memory: { ...next.memory, returning: new Map(), returnedAtMs: nowMs },
    };
  }
  if (isDue(memory.leaving, memory.leftAtMs)) {
    next = {
      sensors: withSilent(next.sensors, memory.leaving),
      memory: { ...next.memory, leaving: new Map(), leftAtMs: nowMs },
    };
  }
  return next;
}

function withSilent(sensors: SensorsState, leaving: ReadonlyMap<string, Waiting>): SensorsState {
  const group = sensors.groups + 1;
  const left = [...leaving.values()].map(({ sensor: { sensorId, receivedAtMs } }) => ({
    sensorId,
    receivedAtMs,
    group,
  }));
  return { ...sensors, groups: group, silent: [...sensors.silent, ...left] };
}

function withReturned(
  sensors: SensorsState,
  returning: ReadonlyMap<string, Waiting>,
): SensorsState {
  const group = sensors.groups + 1;
  const back = sensors.silent.flatMap(({ sensorId, receivedAtMs }): ReturnedSensor[] => {
    const waiting = returning.get(sensorId);
    if (waiting === undefined) return [];
    return [{ sensorId, receivedAtMs, backAtMs: waiting.sensor.receivedAtMs, group }];
  });
  const before = sensors.returned.filter(({ sensorId }) => !returning.has(sensorId));
  return {
    ...sensors,
    groups: group,
    silent: sensors.silent.filter(({ sensorId }) => !returning.has(sensorId)),
    returned: [...before, ...back].slice(-maxSensors),
  };
}

/** What a channel is to be told of sensors. */
export type SensorNews =
  | {
      readonly event: 'sensors_silent';
      readonly sensors: readonly SilentSensor[];
      /** With it, the channel was told of all groups up to this one. */
      readonly group: number;
      /** All that are silent, those included that were told before. */
      readonly total: number;
    }
  | {
      readonly event: 'sensors_back';
      readonly sensors: readonly ReturnedSensor[];
      readonly group: number;
      readonly total: number;
    };

/** Undefined: nothing. */
export function sensorNews(sensors: SensorsState, told: Told): SensorNews | undefined {
  const total = sensors.silent.length;
  const returned = sensors.returned.filter(({ group }) => group > told.returnedGroup);
  // First, so that one that was away twice is told as back before it is told as silent again.
  if (returned.length > 0) {
    return { event: 'sensors_back', sensors: returned, group: latestGroup(returned), total };
  }
  const silent = sensors.silent.filter(({ group }) => group > told.silentGroup);
  if (silent.length === 0) return undefined;
  return { event: 'sensors_silent', sensors: silent, group: latestGroup(silent), total };
}

const latestGroup = (sensors: readonly { readonly group: number }[]): number =>
  sensors.reduce((latest, { group }) => Math.max(latest, group), 0);

/** What the channel was told once the news has arrived there. */
export const withSensorsTold = (
  told: Told,
  { event, group }: Pick<SensorNews, 'event' | 'group'>,
): Told =>
  event === 'sensors_silent' ? { ...told, silentGroup: group } : { ...told, returnedGroup: group };
