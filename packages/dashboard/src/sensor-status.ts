/**
 * Whether a sensor is online, late or silent: the server's rule, which the page needs to tell between
 * two answers. A plain function over values.
 */
import type { SensorStatus } from './api-answers.js';

const lateAfterIntervals = 3;
const silentAfterIntervals = 10;
const silentAfterSeconds = 600;

export function sensorStatus(secondsSince: number, intervalSeconds: number | null): SensorStatus {
  const silentAfter = Math.max(silentAfterSeconds, silentAfterIntervals * (intervalSeconds ?? 0));
  if (secondsSince >= silentAfter) return 'silent';
  if (intervalSeconds === null) return 'online';
  return secondsSince >= lateAfterIntervals * intervalSeconds ? 'late' : 'online';
}
