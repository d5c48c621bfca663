import { sensorStatus } from '../src/sensor-status.js';

describe('sensorStatus', () => {
  it.each([
    [0, 60, 'online'],
    [179.9, 60, 'online'],
    [180, 60, 'late'],
    [599.9, 60, 'late'],
    [600, 60, 'silent'],
    // Ten intervals are sooner than ten minutes.
    [15, 5, 'late'],
    [50, 5, 'late'],
    [599, 5, 'late'],
    [600, 5, 'silent'],
    // Ten intervals are later.
    [600, 300, 'online'],
    [900, 300, 'late'],
    [2_999, 300, 'late'],
    [3_000, 300, 'silent'],
    [10_799, 3_600, 'online'],
    [35_999, 3_600, 'late'],
    [36_000, 3_600, 'silent'],
    [599, null, 'online'],
    [600, null, 'silent'],
    // Received after the moment that is looked at.
    [-5, 60, 'online'],
  ])('%d s after the last reading, with an interval of %p s: %s', (seconds, interval, status) => {
    expect(sensorStatus(seconds, interval)).toBe(status);
  });
});
