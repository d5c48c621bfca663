/** Is the database there, fit for zdenergy, and up to date? */
import { describeError, formatDuration, type Settings } from '@zdenergy/core';
import { examineDatabase, type Examination } from '@zdenergy/storage';
import { databaseUrl } from '../command/installation.js';
import { counted, size } from '../command/text.js';
import { failure, ok, warning, type Finding } from './finding.js';

/** `date_bin` is there from this version on. */
const oldestVersion = 14;
/** Beyond, each batch takes longer for the way than for the work. */
const slowMs = 100;
const skewMs = 5_000;

export type DatabaseLook =
  | { readonly kind: 'there'; readonly examination: Examination }
  | { readonly kind: 'away'; readonly problem: string };

export async function lookAtDatabase(settings: Settings): Promise<DatabaseLook> {
  try {
    return { kind: 'there', examination: await examineDatabase(await databaseUrl(settings)) };
  } catch (error) {
    return { kind: 'away', problem: describeError(error) };
  }
}

/** @param isRunning whether zdenergy runs, and with it its own Postgres. */
export function judgeDatabase(
  look: DatabaseLook,
  { databaseUrl: given }: Pick<Settings, 'databaseUrl'>,
  isRunning: boolean,
): Finding[] {
  if (look.kind === 'away') {
    if (given === undefined && !isRunning) {
      return [
        warning(
          `its own Postgres cannot be asked: ${look.problem}`,
          'it runs only while zdenergy does: start zdenergy, then ask again',
        ),
      ];
    }
    const keeps = isRunning ? 'readings are safe in the journal meanwhile' : 'mend that first';
    return [failure(look.problem, `bring it back; ${keeps}`)];
  }
  const { examination } = look;
  return [
    ...fitness(examination),
    ...clock(examination),
    ...migrations(examination.migrations, isRunning),
  ];
}

function fitness(examination: Examination): Finding[] {
  const { version, versionNumber, encoding, user, mayCreateTables, sizeBytes, roundTripMs } =
    examination;
  const findings: Finding[] = [];
  if (versionNumber < oldestVersion * 10_000) {
    findings.push(failure(`Postgres ${version} is too old`, `use ${oldestVersion} or newer`));
  }
  if (encoding !== 'UTF8') {
    findings.push(
      failure(`its encoding is ${encoding}`, "make one with ENCODING 'UTF8' TEMPLATE template0"),
    );
  }
  if (!mayCreateTables) {
    findings.push(
      failure(
        `user ${user} may not create tables`,
        `as its owner: GRANT CREATE ON SCHEMA public TO "${user}"; GRANT TEMP ON DATABASE … TO "${user}"`,
      ),
    );
  }
  const took = `answers in ${roundTripMs.toFixed(1)} ms`;
  if (roundTripMs > slowMs) findings.push(warning(`it ${took}`, 'is it far away, or overloaded?'));
  if (findings.length > 0) return findings;
  return [ok(`Postgres ${version}, ${encoding}, ${size(sizeBytes)}, may create tables, ${took}`)];
}

function clock({ clockAheadMs }: Examination): Finding[] {
  const awayMs = Math.abs(clockAheadMs);
  if (awayMs < skewMs) return [ok('its clock and ours agree')];
  return [
    warning(
      `its clock is ${formatDuration(awayMs)} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} ours`,
      'set both by NTP: timedatectl set-ntp true',
    ),
  ];
}

function migrations(
  { applied, missing, edited, unknown }: Examination['migrations'],
  isRunning: boolean,
): Finding[] {
  const findings: Finding[] = [];
  if (edited.length > 0) {
    findings.push(
      failure(
        `changed after they were applied: ${edited.join(', ')}`,
        'restore these files (git status, git checkout); zdenergy does not store until then',
      ),
    );
  }
  if (missing.length > 0) {
    findings.push(
      warning(
        applied === 0 ? 'its tables are not there yet' : `not applied yet: ${missing.join(', ')}`,
        isRunning
          ? 'zdenergy applies them when it starts: restart it'
          : 'zdenergy makes them when it starts',
      ),
    );
  }
  if (unknown.length > 0) {
    findings.push(
      warning(
        `it was brought up to date by another version of zdenergy: ${unknown.join(', ')}`,
        'run that version',
      ),
    );
  }
  return findings.length > 0
    ? findings
    : [ok(`its tables are up to date (${counted(applied, 'migration')})`)];
}
