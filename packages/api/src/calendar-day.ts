/** Days of the calendar in a time zone, which have 24 hours only most of the time. */
import type { TimeZone } from '@zdenergy/core';

/** Of a day on the wall clock, where no hour is skipped. */
export const dayMs = 24 * 3_600_000;

export interface CalendarDay {
  /** As YYYY-MM-DD. */
  readonly text: string;
  /** When it starts, and when the next one does, in the zone; milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
}

/** The day that begins when the zone's clocks show `localMs`, see `TimeZone`. */
export function calendarDay(localMs: number, zone: TimeZone): CalendarDay {
  return {
    text: new Date(localMs).toISOString().slice(0, 10),
    startMs: zone.toInstantUs(localMs * 1_000) / 1_000,
    endMs: zone.toInstantUs((localMs + dayMs) * 1_000) / 1_000,
  };
}

/** The day that it is in the zone; `localMs` is what its clocks show at its start. */
export function startOfDayLocalMs(instantMs: number, zone: TimeZone): number {
  return Math.floor(zone.toLocalMs(instantMs) / dayMs) * dayMs;
}
