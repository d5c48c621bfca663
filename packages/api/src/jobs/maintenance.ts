/** The nightly jobs that keep the database as it should be; their days are those of UTC. */
import { timeZone, type Logger } from '@zdenergy/core';
import {
  deleteRejectedBefore,
  dropMonthsBefore,
  keptSinceMs,
  makePartitionsAhead,
  refreshStatistics,
  type DroppedMonth,
} from '@zdenergy/storage';
import { daysSince, type Job } from './job.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** After so long without a look a clock that is wrong is more likely than a night that is over. */
const longestGapDays = 31;

/** The months of `readings` that are needed next, so that no reading has to wait for one. */
export function partitionsJob(): Job {
  return {
    name: 'partitions',
    zone: timeZone('UTC'),
    fromMs: 0,
    isShared: true,
    timeoutMs: minuteMs,
    async run({ client }) {
      const made = await makePartitionsAhead(client, Date.now());
      return made.length === 0 ? 'this month and the next are there' : `made ${made.join(' and ')}`;
    },
  };
}

/** Takes away what is older than `days`. */
export function retentionJob(days: number, logger: Logger): Job {
  return {
    name: 'retention',
    zone: timeZone('UTC'),
    fromMs: 20 * minuteMs,
    isShared: true,
    timeoutMs: 6 * hourMs,
    async run({ client, doneFor }, { day }) {
      const gap = daysSince(doneFor, day);
      if (gap > longestGapDays) {
        logger.warning(
          `Nothing is dropped today: the clock shows ${day}, and it was ${String(doneFor)} when old ` +
            'readings were looked for last. If the clock is wrong, set it now; they go tomorrow.',
        );
        return 'waited a day for the clock to be set';
      }
      const sinceMs = keptSinceMs(Date.now(), days);
      const dropped: DroppedMonth[] = [];
      await dropMonthsBefore(client, sinceMs, (month) => {
        dropped.push(month);
        logger.info(`Dropped ${monthInWords(month)} (RETENTION_DAYS=${days})`);
      });
      const rejected = await deleteRejectedBefore(client, sinceMs);
      return retentionInWords(dropped, rejected);
    },
  };
}

const count = (n: number, what: string): string =>
  `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;

const monthInWords = ({ month, readings }: DroppedMonth): string =>
  `${month} with ${count(readings, 'reading')}`;

/** What retention did, for the log and `job_runs`. */
export function retentionInWords(dropped: readonly DroppedMonth[], rejected: number): string {
  const did = [
    ...(dropped.length > 0 ? [`dropped ${dropped.map(monthInWords).join(', ')}`] : []),
    ...(rejected > 0 ? [`deleted ${count(rejected, 'rejected reading')}`] : []),
  ];
  return did.length === 0 ? 'nothing is old enough' : did.join(' and ');
}

/** Statistics for the planner, when gateways are fewest. */
export function statisticsJob(): Job {
  return {
    name: 'statistics',
    zone: timeZone('UTC'),
    fromMs: 3 * hourMs,
    isShared: true,
    timeoutMs: 2 * hourMs,
    async run({ client }) {
      const tables = await refreshStatistics(client);
      return tables.length === 0 ? 'nothing has changed much' : `analyzed ${tables.join(', ')}`;
    },
  };
}
