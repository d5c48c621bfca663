/**
 * What a scheduled job is, and when it is due.
 *
 * A job is due once a day, from its time of day on. What always holds: the rule looks only at the day
 * that it was done for last, so that a failure, a night without power, a clock that was set and an hour
 * that a zone skips are all made up for in the same way.
 */
import type { TimeZone } from '@zdenergy/core';
import type { JobName, JobSession } from '@zdenergy/storage';
import { calendarDay, dayMs, startOfDayLocalMs } from '../calendar-day.js';

export interface Job {
  readonly name: JobName;
  /** Whose days count. */
  readonly zone: TimeZone;
  /** From when on it is due; since the day's start on the zone's clocks. */
  readonly fromMs: number;
  /** False: each process has to do it, see `JobOrder`. */
  readonly isShared: boolean;
  /** What a run gets in all. */
  readonly timeoutMs: number;
  /** Why it has to wait although it is due; null: it need not. */
  readonly waitsFor?: () => string | null;
  /** Does it, and returns what it did, in words. */
  readonly run: (session: JobSession, due: DueRun) => Promise<string>;
}

export interface DueRun {
  /** The day that it is due for, as YYYY-MM-DD. */
  readonly day: string;
  /** Aborted when the worker stops. */
  readonly signal: AbortSignal;
}

/** The last day for which a job is due by now. */
export function dueDay({ zone, fromMs }: Pick<Job, 'zone' | 'fromMs'>, nowMs: number): string {
  const localMs = startOfDayLocalMs(nowMs, zone);
  const isBefore = zone.toLocalMs(nowMs) - localMs < fromMs;
  return calendarDay(isBefore ? localMs - dayMs : localMs, zone).text;
}

/** How many days a run comes after the one before; 0 when there was none. */
export function daysSince(doneFor: string | null, day: string): number {
  return doneFor === null ? 0 : Math.round((Date.parse(day) - Date.parse(doneFor)) / dayMs);
}
