import type { StoredReading } from '@zdenergy/storage';
import { RecentReadings } from '../src/recent-readings.js';

const reading = (sensorId: string, timeUs: number, temperature = 20): StoredReading => ({
  sensorId,
  timeUs,
  temperature,
  humidity: null,
  lux: null,
  irradiance: null,
  extra: null,
  receivedAtUs: timeUs,
});
const times = (readings: RecentReadings): number[] => [...readings].map(({ timeUs }) => timeUs);

describe('RecentReadings', () => {
  it('keeps the newest, in the order of arrival', () => {
    const readings = new RecentReadings(3);
    readings.add([reading('a', 1), reading('a', 2)]);
    readings.add([reading('a', 3), reading('a', 4)]);
    expect(times(readings)).toEqual([2, 3, 4]);
    expect(readings.size).toBe(3);
  });

  it('counts a sensor and time once, however it came', () => {
    const readings = new RecentReadings(10);
    readings.add([reading('a', 5), reading('b', 5), reading('a', 5, 99)]);
    readings.addOlder([reading('a', 4), reading('a', 5), reading('b', 4)]);
    expect([...readings].map(({ sensorId, timeUs }) => `${sensorId}${timeUs}`)).toEqual([
      'a4',
      'a5',
      'b4',
      'b5',
    ]);
  });

  it('believes the database where two readings claim one sensor and time', () => {
    const readings = new RecentReadings(10);
    readings.add([reading('a', 5, 99)]);
    readings.addOlder([reading('a', 5, 20)]);
    expect([...readings]).toEqual([reading('a', 5, 20)]);
  });

  it('gives up stored readings before live ones when not all fit', () => {
    const readings = new RecentReadings(3);
    readings.add([reading('a', 8), reading('a', 9)]);
    readings.addOlder([reading('a', 1), reading('a', 2), reading('a', 3)]);
    expect(times(readings)).toEqual([3, 8, 9]);
  });

  it('does not mistake one sensor for another', () => {
    const readings = new RecentReadings(10);
    readings.add([reading('1 2', 3), reading('2', 31), reading('12', 3), reading('', 3)]);
    expect(readings.size).toBe(4);
  });

  it('holds nothing when it may hold nothing', () => {
    const readings = new RecentReadings(0);
    readings.add([reading('a', 1)]);
    expect(readings.size).toBe(0);
  });
});
