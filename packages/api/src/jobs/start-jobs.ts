/** The scheduled jobs that the settings ask for. */
import { timeZone, type Logger, type Settings } from '@zdenergy/core';
import { checkDirectory, dailyExportJob } from './daily-export.js';
import type { Job } from './job.js';
import { partitionsJob, retentionJob, statisticsJob } from './maintenance.js';
import { startSchedule, type Schedule } from './schedule.js';

export interface JobsParts {
  readonly settings: Settings & { readonly databaseUrl: string };
  /** Whether the database has answered when it was asked last. */
  readonly isConnected: () => boolean;
  /** How long ago everything received was in the database; null: not known. */
  readonly incompleteMs: () => number | null;
  readonly logger: Logger;
}

/** Says what is kept and what is written, and starts at once. */
export function startJobs({ settings, isConnected, incompleteMs, logger }: JobsParts): Schedule {
  const { databaseUrl, dailyExportDir, displayTimeZone, retentionDays } = settings;
  const jobs: Job[] = [partitionsJob()];
  logger.info(retentionRule(retentionDays));
  if (retentionDays > 0) jobs.push(retentionJob(retentionDays, logger));
  if (dailyExportDir !== undefined) {
    logger.info(`Each day is written to ${dailyExportDir} when it is over (in ${displayTimeZone})`);
    void checkDirectory(dailyExportDir, logger);
    const zone = timeZone(displayTimeZone);
    const directory = dailyExportDir;
    jobs.push(
      dailyExportJob({
        directory,
        databaseUrl,
        displayTimeZone,
        zone,
        retentionDays,
        incompleteMs,
      }),
    );
  }
  jobs.push(statisticsJob());
  return startSchedule({ jobs, databaseUrl, isConnected, logger });
}

function retentionRule(days: number): string {
  if (days === 0) return 'Readings are kept for ever (RETENTION_DAYS=0)';
  return (
    `A month of readings is dropped once its last day is more than ${days} days ago ` +
    `(RETENTION_DAYS=${days})`
  );
}
