/**
 * What a simulated sensor measures: temperature, relative humidity and light over day and night.
 *
 * Every value is a pure function of the seed, the sensor and the time, so that a reading sent again
 * is the same reading. Sensors of one run share the weather and differ a little, as sensors of one
 * site do. The temperature is lowest at sunrise and highest in mid afternoon; the air's moisture
 * changes slowly, so that the relative humidity runs opposite to it.
 */
import { draw, smoothNoise } from './chance.js';
import { dayLengthHours, daylightLux, hourOfDay, partOfYear } from './sun.js';

export interface Weather {
  /** Air temperature, °C. */
  readonly temp: number;
  /** Relative humidity, %. */
  readonly rh: number;
  /** Illuminance, lx. */
  readonly lux: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Degrees between the coldest and the warmest hour of a day, before a sensor's own share. */
const dailyRangeC = 10;

/** What each draw is for: keys that keep the noises of one sensor apart. */
const key = {
  warmSpells: 1,
  moisture: 2,
  clouds: 3,
  offset: 4,
  range: 5,
  shade: 6,
  temperatureFlicker: 7,
  humidityFlicker: 8,
  passingClouds: 9,
} as const;

/** What the sensor with this number measures at a time (milliseconds since 1970, UTC). */
export function weatherAt(seed: number, sensor: number, timeMs: number): Weather {
  const warmSpellC = 3 * smoothNoise(timeMs / (2 * dayMs), seed, key.warmSpells);
  const meanC = seasonMeanC(timeMs) + warmSpellC;
  const rangeC = dailyRangeC * (0.9 + 0.2 * draw(seed, key.range, sensor));
  const temp =
    diurnalC(timeMs, meanC - rangeC / 2, meanC + rangeC / 2) +
    1.6 * (draw(seed, key.offset, sensor) - 0.5) +
    0.15 * smoothNoise(timeMs / (4 * 60_000), seed, key.temperatureFlicker, sensor);

  const dewPointC =
    meanC - dailyRangeC / 2 - 2 + 1.5 * smoothNoise(timeMs / dayMs, seed, key.moisture);
  const rh =
    relativeHumidity(temp, dewPointC) +
    0.4 * smoothNoise(timeMs / (5 * 60_000), seed, key.humidityFlicker, sensor);

  const shade = 0.75 + 0.25 * draw(seed, key.shade, sensor);
  return {
    temp,
    rh: clamp(rh, 1, 100),
    lux: shade * daylightLux(timeMs, cloudiness(seed, sensor, timeMs)),
  };
}

/** The day's mean over the year at 40° north: 4 °C around 20 January, 24 °C around 20 July. */
function seasonMeanC(timeMs: number): number {
  return 14 - 10 * Math.cos(2 * Math.PI * (partOfYear(timeMs) - 19 / 365));
}

/**
 * The temperature within a day: a sine from sunrise, an exponential decay from sunset back to the
 * minimum. Source: J. Goudriaan, H. H. van Laar, "Modelling Potential Crop Growth Processes" (1994),
 * with their figures: the maximum 1.5 h after solar noon, a night that cools with 4 h as its constant.
 */
function diurnalC(timeMs: number, minimumC: number, maximumC: number): number {
  const maximumDelayHours = 1.5;
  const coolingHours = 4;
  const dayHours = dayLengthHours(timeMs);
  const byDayC = (hoursSinceSunrise: number): number =>
    minimumC +
    (maximumC - minimumC) *
      Math.sin((Math.PI * hoursSinceSunrise) / (dayHours + 2 * maximumDelayHours));

  const hoursSinceSunrise = (hourOfDay(timeMs) - (12 - dayHours / 2) + 24) % 24;
  if (hoursSinceSunrise <= dayHours) return byDayC(hoursSinceSunrise);

  const sunsetC = byDayC(dayHours);
  const wholeNight = Math.exp(-(24 - dayHours) / coolingHours);
  const nightSoFar = Math.exp(-(hoursSinceSunrise - dayHours) / coolingHours);
  return (minimumC - sunsetC * wholeNight + (sunsetC - minimumC) * nightSoFar) / (1 - wholeNight);
}

/**
 * Relative humidity in % from temperature and dew point: the ratio of their vapour pressures.
 * Source: the Magnus formula with the figures of the WMO Guide to Instruments (WMO-No. 8, annex
 * 4.B), 6.112 exp(17.62 t / (243.12 + t)) hPa over water.
 */
function relativeHumidity(temperatureC: number, dewPointC: number): number {
  const magnus = (t: number): number => (17.62 * t) / (243.12 + t);
  return 100 * Math.exp(magnus(dewPointC) - magnus(temperatureC));
}

/** The covered part of the sky, 0 to 1: fronts that take half a day, and small clouds passing by. */
function cloudiness(seed: number, sensor: number, timeMs: number): number {
  const fronts = smoothNoise(timeMs / (12 * hourMs), seed, key.clouds);
  const passing = smoothNoise(timeMs / (10 * 60_000), seed, key.passingClouds, sensor);
  return clamp(0.45 + 0.5 * fronts + 0.2 * passing, 0, 1);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
