/** Online, late or silent: the rule that the server has, too. */
import { sensorStatus } from '../src/sensor-status.js';

test.each<[number, number | null, string]>([
  [0, 5, 'online'],
  [14.9, 5, 'online'],
  [15, 5, 'late'],
  [599, 5, 'late'],
  [600, 5, 'silent'],
  [1_799, 600, 'online'],
  [1_800, 600, 'late'],
  [5_999, 600, 'late'],
  [6_000, 600, 'silent'],
  [599, null, 'online'],
  [600, null, 'silent'],
])('%d s since, every %p s: %s', (secondsSince, intervalSeconds, expected) => {
  expect(sensorStatus(secondsSince, intervalSeconds)).toBe(expected);
});
