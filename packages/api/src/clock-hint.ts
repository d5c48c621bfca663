/**
 * What a sensor's clock skew means: a constant offset of whole time zones is no bad clock, but local
 * time that is read as another zone's.
 *
 * A plain function over values. What always holds: nothing is said of a skew that was not steady, so
 * that readings sent late, or history that was loaded, are not taken for a time zone.
 */
import { timeZone } from '@zdenergy/core';

export interface ClockSkew {
  /** Seconds by which the clock is ahead; null: not known. */
  readonly clockSkew: number | null;
  /** How many times in a row it was the same to within 3 minutes. */
  readonly clockSamples: number;
}

const minSamples = 10;
/** What a clock and the way may add to an offset. */
const toleranceMinutes = 3;
/** The offsets from UTC that zones have, in minutes. */
const [westernmost, easternmost] = [-12 * 60, 14 * 60];
/** Zones apart by a quarter of an hour: Nepal, Eucla and the Chatham Islands. */
const quarterOffsets = [345, 525, 765, 825];

/** A zone for an offset in minutes, where a name says more than a number, or none is a whole hour. */
const examples = new Map([
  [-570, 'Pacific/Marquesas'],
  [-480, 'America/Los_Angeles'],
  [-300, 'America/New_York'],
  [-210, 'America/St_Johns'],
  [-180, 'America/Sao_Paulo'],
  [-150, 'America/St_Johns'],
  [60, 'Europe/Berlin'],
  [120, 'Europe/Berlin'],
  [180, 'Europe/Istanbul'],
  [210, 'Asia/Tehran'],
  [240, 'Asia/Dubai'],
  [270, 'Asia/Kabul'],
  [330, 'Asia/Kolkata'],
  [345, 'Asia/Kathmandu'],
  [390, 'Asia/Yangon'],
  [420, 'Asia/Bangkok'],
  [480, 'Asia/Shanghai'],
  [525, 'Australia/Eucla'],
  [540, 'Asia/Tokyo'],
  [570, 'Australia/Darwin'],
  [600, 'Australia/Brisbane'],
  [630, 'Australia/Adelaide'],
  [660, 'Australia/Sydney'],
  [720, 'Pacific/Auckland'],
  [765, 'Pacific/Chatham'],
  [780, 'Pacific/Auckland'],
  [825, 'Pacific/Chatham'],
]);

/**
 * What to do about a steady skew that looks like a time zone, in plain words; null for any other.
 * `sensorTimeZone` is the zone that times without an offset are read in.
 */
export function clockHint(
  { clockSkew, clockSamples }: ClockSkew,
  sensorTimeZone: string,
  nowMs: number,
): string | null {
  if (clockSkew === null || clockSamples < minSamples) return null;
  const skewMinutes = nearestStep(clockSkew / 60);
  if (skewMinutes === null) return null;
  const offset = skewMinutes + offsetMinutes(sensorTimeZone, nowMs);
  if (offset < westernmost || offset > easternmost) return null;
  return (
    `This sensor's clock is ${describeOffset(skewMinutes)}, as if it sent the local time of ` +
    `another zone than ${sensorTimeZone}. Set SENSOR_TIMEZONE to its zone, for example ` +
    `${zonesAt(offset).join(' or ')}; if the other gateways are right, set its clock instead.`
  );
}

/** The difference of two zones' offsets that the skew is close to; null when there is none, or no skew. */
function nearestStep(minutes: number): number | null {
  const halfHour = Math.round(minutes / 30) * 30;
  const quarters = quarterOffsets.flatMap((offset) => [offset, -offset]);
  const near = [halfHour, ...quarters].find((step) => Math.abs(minutes - step) <= toleranceMinutes);
  return near === undefined || near === 0 ? null : near;
}

/** How far the zone's clocks are ahead of UTC. */
function offsetMinutes(zone: string, nowMs: number): number {
  const clocks = timeZone(zone);
  const nowUs = nowMs * 1_000;
  // What the clocks show now, but for the hours around a change of their offset.
  const localUs = nowUs + (nowUs - clocks.toInstantUs(nowUs));
  return Math.round((localUs - clocks.toInstantUs(localUs)) / 60_000_000);
}

function zonesAt(offset: number): string[] {
  if (offset === 0) return ['UTC'];
  const example = examples.get(offset);
  // The sign in these names is the other way round: Etc/GMT-8 is east of Greenwich.
  const whole = `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset) / 60}`;
  const names = [example, offset % 60 === 0 ? whole : undefined];
  const known = names.filter((name) => name !== undefined);
  return known.length > 0
    ? known
    : [`one whose clocks are ${describeOffset(offset)}, seen from UTC`];
}

/** `5 h 30 min ahead`. */
function describeOffset(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const parts = [hours > 0 ? `${hours} h` : '', rest > 0 ? `${rest} min` : ''];
  return [...parts, minutes > 0 ? 'ahead' : 'behind'].filter((part) => part !== '').join(' ');
}
