/** Live readings as an ingest worker sends them. */
import type { LiveRows } from '@zdenergy/core';
import { Batch } from '@zdenergy/storage';

export interface LiveReading {
  readonly sensorId: string;
  readonly timeUs: number;
}

export const readingsOf = (sensorId: string, timesUs: readonly number[]): LiveReading[] =>
  timesUs.map((timeUs) => ({ sensorId, timeUs }));

/** `total`: how many readings the process had until now; by default no other than these. */
export function liveMessage(
  readings: readonly LiveReading[],
  total = readings.length,
  pid = 4_001,
): LiveRows {
  const batch = new Batch();
  for (const { sensorId, timeUs } of readings) {
    const id = Buffer.from(sensorId);
    batch.addReading('peer', id, 0, id.length, timeUs, 20, 50, 500, 4, null, timeUs + 1_000);
  }
  const rows = Uint8Array.from(batch.readings.rows);
  return { type: 'live', worker: 'ingest-1', pid, readings: total, rows };
}
