/** Have the nightly jobs run, and how did that end? A plain function over values. */
import { formatDuration, type Settings } from '@zdenergy/core';
import { harmless, instant } from '../command/text.js';
import type { DatabaseLook } from './database.js';
import { ok, warning, type Finding } from './finding.js';

/** Each is due once a day, and is tried again when it fails: one night may be missed. */
const overdueMs = 2 * 24 * 3_600_000;
const howToLook = "npm run psql -- -c 'SELECT * FROM job_runs', and the log: grep 'Job '";

/** A line of all that are well, and one for each that is not. */
export function judgeJobs(
  look: DatabaseLook,
  { retentionDays, dailyExportDir }: Pick<Settings, 'retentionDays' | 'dailyExportDir'>,
  nowMs: number,
): Finding[] {
  if (look.kind === 'away') return [warning('it cannot be told now when they ran')];
  // One that is not asked for any more keeps its row.
  const isAskedFor = (job: string): boolean =>
    (job !== 'retention' || retentionDays > 0) &&
    (job !== 'daily-export' || dailyExportDir !== undefined);
  const runs = (look.examination.jobs ?? []).filter(({ job }) => isAskedFor(job));
  if (runs.length === 0) return [ok('none has run yet: they do when zdenergy starts')];

  const well: string[] = [];
  const findings: Finding[] = [];
  for (const { job, startedAt, outcome, detail } of runs) {
    const agoMs = Math.max(0, nowMs - startedAt.getTime());
    const when = `${formatDuration(agoMs)} ago (${instant(startedAt)})`;
    if (outcome === 'failed') {
      const why = harmless(detail, false);
      findings.push(
        warning(`${job} failed ${when}: ${why}`, 'mend that; it is tried again', howToLook),
      );
    } else if (agoMs >= overdueMs) {
      const text =
        outcome === 'running'
          ? `${job} began ${when}, and has not ended`
          : `${job} ran last ${when}`;
      findings.push(warning(text, 'does zdenergy run all the time?', howToLook));
    } else {
      well.push(`${job} ${outcome === 'running' ? 'runs, since' : 'ran'} ${when}`);
    }
  }
  if (well.length > 0) findings.unshift(ok(well.join(', ')));
  return findings;
}
