/**
 * Where the sun stands and how much light it gives, for one made-up site.
 *
 * The site lies at 40° north on the Greenwich meridian, so that its solar time is UTC. The equation
 * of time (at most 17 minutes) and the light of dusk are left out: the sensors only have to look real.
 */

const latitude = radians(40);
const dayMs = 86_400_000;
const daysPerYear = 365.2425;
/** Lux that make one W/m² of daylight; the server divides by the same figure. */
const luxPerWm2 = 127;

/** The hour of the day in UTC, 0 to 24 with its fraction. */
export function hourOfDay(timeMs: number): number {
  return (timeMs - Math.floor(timeMs / dayMs) * dayMs) / 3_600_000;
}

/** The part of the year that has passed, 0 to 1; a day off at most, and without a step at midnight. */
export function partOfYear(timeMs: number): number {
  const years = timeMs / dayMs / daysPerYear;
  return years - Math.floor(years);
}

/**
 * The sun's declination in radians. Source: P. I. Cooper, "The absorption of radiation in solar
 * stills", Solar Energy 12 (1969): δ = 23.45° sin(360° (284 + n) / 365), n the day of the year.
 */
function declination(timeMs: number): number {
  return radians(23.45) * Math.sin(2 * Math.PI * (284 / 365 + partOfYear(timeMs)));
}

/**
 * The sine of the sun's elevation above the horizon; negative at night. Source: J. A. Duffie,
 * W. A. Beckman, "Solar Engineering of Thermal Processes", chapter 1:
 * sin α = sin φ sin δ + cos φ cos δ cos ω, with 15° of hour angle ω an hour from solar noon.
 */
export function sineOfElevation(timeMs: number): number {
  const delta = declination(timeMs);
  const hourAngle = radians(15 * (hourOfDay(timeMs) - 12));
  return (
    Math.sin(latitude) * Math.sin(delta) +
    Math.cos(latitude) * Math.cos(delta) * Math.cos(hourAngle)
  );
}

/** Hours from sunrise to sunset: where the elevation above is zero, cos ω = −tan φ tan δ. */
export function dayLengthHours(timeMs: number): number {
  return (Math.acos(-Math.tan(latitude) * Math.tan(declination(timeMs))) / Math.PI) * 24;
}

/**
 * Illuminance on the ground, in lux.
 *
 * Clear sky: B. Haurwitz, "Insolation in relation to cloudiness and cloud density", Journal of
 * Meteorology 2 (1945): 1098 sin α exp(−0.059 / sin α) W/m². Clouds: F. Kasten, G. Czeplak, "Solar
 * and terrestrial radiation dependent on the amount and type of cloud", Solar Energy 24 (1980):
 * what is left under a part N of covered sky is 1 − 0.75 N^3.4.
 * @param cloudiness the covered part of the sky, 0 to 1
 */
export function daylightLux(timeMs: number, cloudiness: number): number {
  const sine = sineOfElevation(timeMs);
  if (sine <= 0) return 0;
  const clearWm2 = 1_098 * sine * Math.exp(-0.059 / sine);
  return luxPerWm2 * clearWm2 * (1 - 0.75 * cloudiness ** 3.4);
}

function radians(degrees: number): number {
  return (degrees / 180) * Math.PI;
}
