import { dayLengthHours, daylightLux, sineOfElevation } from '../src/simulate/sun.js';
import { weatherAt, type Weather } from '../src/simulate/weather.js';

const seed = 7;
const hourMs = 3_600_000;

/** A day of a sensor, every ten minutes from midnight UTC. */
function day(date: string, sensor: number): (Weather & { hour: number })[] {
  return Array.from({ length: 144 }, (_, index) => ({
    hour: index / 6,
    ...weatherAt(seed, sensor, Date.parse(date) + (index / 6) * hourMs),
  }));
}

const days = ['2024-01-15', '2024-03-20', '2025-06-21', '2025-08-05', '2026-10-31', '2026-12-21'];
const sensorDays = days.flatMap((date) => [0, 1, 4_711].map((sensor) => ({ date, sensor })));

function correlation(xs: number[], ys: number[]): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const sum = (of: (index: number) => number) => xs.reduce((total, _, i) => total + of(i), 0);
  const dx = (i: number) => (xs[i] ?? 0) - mx;
  const dy = (i: number) => (ys[i] ?? 0) - my;
  return sum((i) => dx(i) * dy(i)) / Math.sqrt(sum((i) => dx(i) ** 2) * sum((i) => dy(i) ** 2));
}

describe('the sun at 40° north', () => {
  // Noon elevation is 90° − 40° + declination: +23.45° and −23.45° at the solstices, 0° at the equinoxes.
  it.each([
    ['2025-06-21', 73.45, 14.85],
    ['2025-12-21', 26.55, 9.15],
    ['2025-03-21', 50, 12],
    ['2025-09-22', 50, 12],
  ])('on %s stands at %d° at noon, after a day of %d h', (date, elevation, hours) => {
    const noonMs = Date.parse(date) + 12 * hourMs;
    expect((Math.asin(sineOfElevation(noonMs)) * 180) / Math.PI).toBeCloseTo(elevation, -0.2);
    expect(Math.abs(dayLengthHours(noonMs) - hours)).toBeLessThan(0.15);
  });

  it('gives no light at night, as much under a clear sky as Haurwitz says, a quarter when overcast', () => {
    const noonMs = Date.parse('2025-06-21T12:00:00Z');
    expect(daylightLux(Date.parse('2025-06-21T00:00:00Z'), 0)).toBe(0);
    const clear = daylightLux(noonMs, 0);
    // 1098 × 0.9586 × exp(−0.059 / 0.9586) = 989.7 W/m², at 127 lx each.
    expect(Math.abs(clear / 127 - 989.7)).toBeLessThan(1);
    expect(daylightLux(noonMs, 1)).toBeCloseTo(clear / 4, 5);
  });
});

describe('a simulated day', () => {
  it.each(sensorDays)('is coldest at dawn, warmest in the afternoon: %o', ({ date, sensor }) => {
    const byTemperature = day(date, sensor).sort((a, b) => a.temp - b.temp);
    const coldest = byTemperature[0]?.hour ?? Number.NaN;
    const warmest = byTemperature.at(-1)?.hour ?? Number.NaN;
    expect(coldest).toBeGreaterThan(2);
    expect(coldest).toBeLessThan(8);
    expect(warmest).toBeGreaterThan(12);
    expect(warmest).toBeLessThan(16.5);
  });

  it.each(sensorDays)('is moist when it is cool: %o', ({ date, sensor }) => {
    const readings = day(date, sensor);
    const temps = readings.map(({ temp }) => temp);
    const humidities = readings.map(({ rh }) => rh);
    expect(correlation(temps, humidities)).toBeLessThan(-0.9);
    expect(Math.min(...humidities)).toBeGreaterThan(10);
    expect(Math.max(...humidities)).toBeLessThanOrEqual(100);
  });

  it.each(sensorDays)('is dark at night and bright at noon: %o', ({ date, sensor }) => {
    const readings = day(date, sensor);
    const night = readings.filter(({ hour }) => hour < 4 || hour > 20);
    const noon = readings.filter(({ hour }) => hour > 11 && hour < 13);
    expect(night.every(({ lux }) => lux === 0)).toBe(true);
    expect(Math.min(...noon.map(({ lux }) => lux))).toBeGreaterThan(5_000);
    expect(Math.max(...readings.map(({ lux }) => lux))).toBeLessThan(130_000);
  });

  it('never jumps: not at midnight, at dawn, nor at the turn of the year', () => {
    const startMs = Date.parse('2025-12-30');
    let before = weatherAt(seed, 3, startMs);
    for (let minute = 1; minute < 4 * 24 * 60; minute += 1) {
      const now = weatherAt(seed, 3, startMs + minute * 60_000);
      expect(Math.abs(now.temp - before.temp)).toBeLessThan(0.25);
      expect(Math.abs(now.rh - before.rh)).toBeLessThan(2);
      before = now;
    }
  });
});

describe('sensors', () => {
  const timeMs = Date.parse('2025-10-02T12:58:37Z');

  it('measure the same again at the same time', () => {
    expect(weatherAt(seed, 5, timeMs)).toEqual(weatherAt(seed, 5, timeMs));
  });

  it('differ a little from each other', () => {
    const all = Array.from({ length: 50 }, (_, sensor) => weatherAt(seed, sensor, timeMs));
    expect(new Set(all.map(({ temp }) => temp)).size).toBe(50);
    const temps = all.map(({ temp }) => temp);
    expect(Math.max(...temps) - Math.min(...temps)).toBeLessThan(4);
  });

  it('see other weather under another seed', () => {
    expect(weatherAt(8, 5, timeMs)).not.toEqual(weatherAt(seed, 5, timeMs));
  });
});
