/**
 * Whether a sensor still reports: online, late or silent.
 *
 * A plain function over values. The database counts and filters by the same numbers, `statusRule`,
 * and storage says how; a test holds both against each other.
 */
import type { SensorStatus, StatusRule } from '@zdenergy/storage';

/** From the interface. */
export const statusRule: StatusRule = {
  lateAfterIntervals: 3,
  silentAfterIntervals: 10,
  /** Also for a sensor whose interval is not known. */
  silentAfterSeconds: 600,
};

/**
 * @param seconds since its last reading was received.
 * @param intervalSeconds how often it reports; null: not known yet.
 */
export function sensorStatus(seconds: number, intervalSeconds: number | null): SensorStatus {
  const { lateAfterIntervals, silentAfterIntervals, silentAfterSeconds } = statusRule;
  const intervals = intervalSeconds === null ? 0 : seconds / intervalSeconds;
  const isSilent =
    seconds >= silentAfterSeconds &&
    (intervalSeconds === null || intervals >= silentAfterIntervals);
  if (isSilent) return 'silent';
  return intervals >= lateAfterIntervals ? 'late' : 'online';
}
