/**
 * Which sensor the page shows while none is chosen: the one that reported last.
 *
 * What always holds: that there is none is said only by who knows it, which is the database.
 */
import { useEffect, useState } from 'preact/hooks';
import { ApiProblem, askApi } from './api.js';
import type { DataAnswer, SensorsAnswer } from './api-answers.js';

export interface NewestSensor {
  readonly sensorId: string | null;
  /** Why it is not known whether there is one, in plain words. */
  readonly problem: string | null;
}

const retryMs = 2_000;

/** @throws {ApiProblem} when the server does not answer. */
export async function askNewestSensor(): Promise<NewestSensor> {
  const { readings } = await askApi<DataAnswer>('/api/data', { limit: 1 });
  const newest = readings.at(-1);
  if (newest !== undefined) return { sensorId: newest.sensor_id, problem: null };
  // A server that has just started has nothing in its memory yet.
  try {
    const { sensors } = await askApi<SensorsAnswer>('/api/sensors', { limit: 1 });
    return { sensorId: sensors[0]?.sensor_id ?? null, problem: null };
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return { sensorId: null, problem: error.message };
  }
}

/** The newest sensor, asked for until it is known; and what to call when a reading says it. */
export function useNewestSensor(
  first: NewestSensor,
): [NewestSensor, (sensorId: string | null) => void] {
  const [newest, setNewest] = useState(first);
  useEffect(() => {
    if (newest.problem === null) return undefined;
    const timer = window.setTimeout(() => {
      // A stream that breaks off as well is told elsewhere.
      askNewestSensor().then(setNewest, () => setNewest({ ...newest }));
    }, retryMs);
    return () => window.clearTimeout(timer);
  }, [newest]);
  const heard = (sensorId: string | null): void => setNewest({ sensorId, problem: null });
  return [newest, heard];
}
