/**
 * Runs the scheduled jobs: every ten minutes it is looked whether one is due, and once the database has
 * answered for the first time.
 *
 * What always holds: one job is under way at a time; nothing here throws or keeps anybody waiting; while
 * the database is away no job starts; a failure is told once, and tried again at every look.
 */
import { describeError, formatDuration, type Logger, type Running } from '@zdenergy/core';
import { isServerGone, runJob, type JobOutcome } from '@zdenergy/storage';
import cron from 'node-cron';
import { dueDay, type Job } from './job.js';

/** All zones begin their days at a full quarter of an hour, or nearly so. */
const everyTenMinutes = '*/10 * * * *';

export interface ScheduleParts {
  readonly jobs: readonly Job[];
  readonly databaseUrl: string;
  /** Whether the database has answered when it was asked last. */
  readonly isConnected: () => boolean;
  readonly logger: Logger;
}

export interface Schedule extends Running {
  /** The database has answered: what is due since before the start need not wait for the next look. */
  databaseAnswered(): void;
}

interface State {
  /** The day that it was done for last, as far as this process knows. */
  doneFor: string | null;
  /** It was not tried yet since the start. */
  isFirst: boolean;
  /** The failure, or why it has to wait, that was told last. */
  told: string | null;
}

/** Starts at once. */
export function startSchedule({ jobs, databaseUrl, isConnected, logger }: ScheduleParts): Schedule {
  const states = new Map<Job, State>(
    jobs.map((job) => [job, { doneFor: null, isFirst: true, told: null }]),
  );
  const stopping = new AbortController();
  let looking: Promise<void> | undefined;

  const finish = (job: Job, state: State, day: string, outcome: JobOutcome, ms: number): void => {
    switch (outcome.outcome) {
      case 'done':
        state.doneFor = day;
        state.told = null;
        logger.info(`Job ${job.name}: ${outcome.did}, in ${formatDuration(ms)}`);
        break;
      case 'already done':
        state.doneFor = day;
        logger.debug(`Job ${job.name}: done for ${day} already`);
        break;
      case 'busy':
        logger.debug(`Job ${job.name}: another process does it`);
        break;
      case 'too early':
        state.isFirst = true;
        break;
      default:
        outcome satisfies never;
    }
  };
  const tellFailure = (job: Job, state: State, error: unknown): void => {
    const reason = describeError(error);
    if (stopping.signal.aborted || isServerGone(error)) {
      logger.debug(`Job ${job.name} was broken off: ${reason}`);
    } else if (state.told !== reason) {
      state.told = reason;
      logger.error(`Job ${job.name} failed: ${reason.replace(/[.]$/, '')}. It is tried again.`);
    }
  };
  const lookAt = async (job: Job, state: State): Promise<void> => {
    const day = dueDay(job, Date.now());
    if (state.doneFor === day || !isConnected()) return;
    const why = job.waitsFor?.() ?? null;
    if (why !== null) {
      if (state.told !== why) logger.debug(`Job ${job.name} waits: ${why}`);
      state.told = why;
      return;
    }
    state.isFirst = false;
    const { signal } = stopping;
    const { name, isShared, timeoutMs } = job;
    const startedAtMs = performance.now();
    try {
      const order = { job: name, day, isShared, timeoutMs, signal };
      const outcome = await runJob(databaseUrl, order, (session) =>
        job.run(session, { day, signal }),
      );
      finish(job, state, day, outcome, performance.now() - startedAtMs);
    } catch (error) {
      tellFailure(job, state, error);
    }
  };
  const lookAtSome = async (isMeant: (state: State) => boolean): Promise<void> => {
    for (const [job, state] of states) {
      if (isMeant(state) && !stopping.signal.aborted) await lookAt(job, state);
    }
  };
  const look = (isMeant: (state: State) => boolean): Promise<void> => {
    looking ??= lookAtSome(isMeant).finally(() => (looking = undefined));
    return looking;
  };

  cron.setLogger(cronLogger(logger));
  const task = cron.schedule(everyTenMinutes, () => look(() => true), {
    name: 'jobs',
    noOverlap: true,
  });
  return {
    databaseAnswered() {
      if (!stopping.signal.aborted) void look(({ isFirst }) => isFirst);
    },
    async stop() {
      stopping.abort();
      await task.destroy();
      await looking;
    },
  };
}

/** What it warns of, a look that came late or while one was under way, is made up for by the next. */
function cronLogger(logger: Logger): Parameters<typeof cron.setLogger>[0] {
  const debug = (message: string | Error): void => logger.debug(describeError(message));
  return {
    debug,
    info: debug,
    warn: debug,
    error: (message) => logger.error(`The scheduler failed: ${describeError(message)}`),
  };
}
