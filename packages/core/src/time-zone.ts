/**
 * Wall-clock times of a time zone as instants.
 *
 * Instants and local times are microseconds: since 1970-01-01 00:00 UTC, or since 1970-01-01 00:00
 * on the zone's own wall clock. In the hour that autumn repeats, the first of the two is meant; a
 * time in the hour that spring skips is read with the offset before the change (as RFC 5545 and
 * Temporal's "compatible" do).
 */

const quarterUs = 900_000_000;
const quarterMs = quarterUs / 1_000;
const minuteMs = 60_000;

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export interface TimeZone {
  /** The instant at which the zone's clocks show `localUs`. */
  toInstantUs(localUs: number): number;
  /** What the zone's clocks show at an instant, in milliseconds. */
  toLocalMs(instantMs: number): number;
}

/** @throws {RangeError} when the zone is unknown. */
export function timeZone(name: string): TimeZone {
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });

  /** The zone's offset from UTC at an instant, in milliseconds. */
  function offsetMs(instantMs: number): number {
    const parts = new Map(
      formatter.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const local = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
    return local - Math.floor(instantMs / 1_000) * 1_000;
  }

  function offsetOfLocalMs(localMs: number): number {
    const before = offsetMs(localMs - 24 * 60 * minuteMs);
    const after = offsetMs(localMs + 24 * 60 * minuteMs);
    for (const offset of [before, after]) {
      if (offsetMs(localMs - offset) === offset) return offset;
    }
    return before;
  }

  // Since 2015 every change of offset has fallen on a full quarter of an hour, so that one offset
  // serves a whole quarter; neighbouring readings nearly always share it.
  let cachedQuarter = Number.NaN;
  let cachedOffsetUs = 0;
  let cachedInstantQuarter = Number.NaN;
  let cachedInstantOffsetMs = 0;
  return {
    toInstantUs(localUs) {
      const quarter = Math.floor(localUs / quarterUs);
      if (quarter !== cachedQuarter) {
        cachedOffsetUs = offsetOfLocalMs((quarter * quarterUs) / 1_000) * 1_000;
        cachedQuarter = quarter;
      }
      return localUs - cachedOffsetUs;
    },
    toLocalMs(instantMs) {
      const quarter = Math.floor(instantMs / quarterMs);
      if (quarter !== cachedInstantQuarter) {
        cachedInstantOffsetMs = offsetMs(quarter * quarterMs);
        cachedInstantQuarter = quarter;
      }
      return instantMs + cachedInstantOffsetMs;
    },
  };
}
