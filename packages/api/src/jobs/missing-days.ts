/** Which days the daily export has still to write: a rule over values. */
import type { TimeZone } from '@zdenergy/core';
import { calendarDay, dayMs, startOfDayLocalMs, type CalendarDay } from '../calendar-day.js';

/** After a downtime, or at the start, no more than so many days are made up for. */
export const maxDays = 31;

export const exportName = (day: CalendarDay): string => `sensor_data_${day.text}.csv`;

export interface MissingDaysQuestion {
  readonly nowMs: number;
  readonly zone: TimeZone;
  /** The names of the files that are there. */
  readonly names: ReadonlySet<string>;
  /** A day that begins before may not be whole any more. */
  readonly keptSinceMs: number;
}

/** The days before today without a file, the oldest first. */
export function missingDays({
  nowMs,
  zone,
  names,
  keptSinceMs,
}: MissingDaysQuestion): CalendarDay[] {
  const todayMs = startOfDayLocalMs(nowMs, zone);
  return Array.from({ length: maxDays }, (_, n) =>
    calendarDay(todayMs - (maxDays - n) * dayMs, zone),
  ).filter((day) => day.startMs >= keptSinceMs && !names.has(exportName(day)));
}

/** When today began, which is when yesterday was over. */
export const startOfTodayMs = (nowMs: number, zone: TimeZone): number =>
  calendarDay(startOfDayLocalMs(nowMs, zone), zone).startMs;
