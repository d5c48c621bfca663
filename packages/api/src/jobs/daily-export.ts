/**
 * The daily export: each day in a CSV of its own, written in the night after it.
 *
 * What always holds: what was written shows in the directory alone, so that a file that is missing is
 * made, and one that is there is left as it is; a day is written only once everything received until its
 * end is in the database. For a file that was written too early would stay as it is for ever, a day
 * counts as over only when that is so by the database's clock as well, and by ours before it was set.
 */
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { formatDuration, type Logger, type TimeZone } from '@zdenergy/core';
import { haveReadings, JobProblem, keptSinceMs, openCsvExport } from '@zdenergy/storage';
import type { CalendarDay } from '../calendar-day.js';
import { directoryProblem, isAside, writeExportFile } from './export-file.js';
import { dueDay, type Job } from './job.js';
import { exportName, missingDays, startOfTodayMs } from './missing-days.js';
import { SteadyClock } from './steady-clock.js';

const minuteMs = 60_000;
/** Time for what was measured before midnight to come in. */
const fromMs = 10 * minuteMs;
/** A reading counts as received a moment before its worker reports it as pending. */
const marginMs = 2_000;

export interface DailyExportParts {
  readonly directory: string;
  readonly databaseUrl: string;
  readonly displayTimeZone: string;
  /** The same, to count with. */
  readonly zone: TimeZone;
  /** 0: they are kept for ever. */
  readonly retentionDays: number;
  /** How long ago everything received was in the database; null: not known. */
  readonly incompleteMs: () => number | null;
}

export function dailyExportJob(parts: DailyExportParts): Job {
  const { zone } = parts;
  const directory = resolve(parts.directory);
  const clock = new SteadyClock();
  return {
    name: 'daily-export',
    zone,
    fromMs,
    isShared: false,
    timeoutMs: 6 * 60 * minuteMs,
    waitsFor() {
      const sinceMs = parts.incompleteMs();
      if (sinceMs === null) return 'a TCP worker does not serve';
      const nowMs = Date.now();
      const steadyMs = clock.at(nowMs, performance.now());
      if (dueDay({ zone, fromMs }, steadyMs) !== dueDay({ zone, fromMs }, nowMs)) {
        const byMs = nowMs - steadyMs;
        return `the clock was set forward by ${formatDuration(byMs)}; that is believed after a day`;
      }
      const isComplete = nowMs - sinceMs - marginMs >= startOfTodayMs(nowMs, zone);
      return isComplete ? null : 'readings of yesterday wait to be stored';
    },
    async run({ client, databaseNowMs }, { signal }) {
      const problem = await directoryProblem(directory);
      if (problem !== null) throw new JobProblem(problem);
      const names = new Set(await readdir(directory));
      for (const name of names) if (isAside(name)) await rm(join(directory, name), { force: true });
      const nowMs = Date.now();
      if (startOfTodayMs(databaseNowMs, zone) < startOfTodayMs(nowMs, zone)) {
        throw new JobProblem(
          `by the database's clock, ${formatDuration(nowMs - databaseNowMs)} behind ours, yesterday is ` +
            'not over. Set both by NTP',
        );
      }
      const days = missingDays({
        nowMs,
        zone,
        names,
        keptSinceMs:
          parts.retentionDays === 0 ? -Infinity : keptSinceMs(nowMs, parts.retentionDays),
      });
      const ranges = days.map(({ startMs, endMs }) => ({ fromMs: startMs, toMs: endMs }));
      const found = await haveReadings(client, ranges);
      const written: string[] = [];
      for (const day of days.filter((_, n) => found[n])) {
        signal.throwIfAborted();
        const rows = await exportDay(parts, directory, day, signal);
        if (rows > 0) written.push(`${exportName(day)} (${rows.toLocaleString('en')} rows)`);
      }
      return written.length === 0 ? 'no day is missing' : `wrote ${written.join(', ')}`;
    },
  };
}

/** Tells by name what is wrong with the directory, so that it shows at the start and not at midnight. */
export async function checkDirectory(directory: string, logger: Logger): Promise<void> {
  const problem = await directoryProblem(resolve(directory));
  if (problem === null) return;
  logger.error(`DAILY_EXPORT_DIR=${directory}: ${problem}. It is tried again every 10 minutes.`);
}

async function exportDay(
  { databaseUrl, displayTimeZone }: DailyExportParts,
  directory: string,
  day: CalendarDay,
  signal: AbortSignal,
): Promise<number> {
  const csv = await openCsvExport(databaseUrl, {
    range: { fromMs: day.startMs, toMs: day.endMs },
    sensorId: undefined,
    displayTimeZone,
    byteOrderMark: false,
  });
  const cut = (): void => void csv.close();
  signal.addEventListener('abort', cut);
  try {
    return await writeExportFile(directory, exportName(day), csv);
  } finally {
    signal.removeEventListener('abort', cut);
    await csv.close();
  }
}
