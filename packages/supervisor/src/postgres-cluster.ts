/**
 * The files of zdenergy's own Postgres: making them, and the password of its user.
 *
 * What always holds: DATA_DIR/postgres is a whole cluster or not there, since it is made aside and
 * renamed; DATA_DIR/postgres.password, where it exists, opens it. A lost password file heals: the
 * next start sets a new password. Dropping a half-made cluster needs no person.
 */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '@zdenergy/core';
import { describeError, errorCode } from '@zdenergy/core';
import { canReach, runAs, type Account } from './account.js';
import { findBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { endServer } from './postgres-server.js';
import { StartProblem } from './start-problem.js';

/** The name of the user and of the database. */
export const databaseName = 'zdenergy';

export interface Password {
  readonly file: string;
  readonly value: string;
}

export interface ClusterPlace {
  /** DATA_DIR, where the cluster and the password file live. */
  readonly home: string;
  readonly directory: string;
  readonly account: Account;
}

/**
 * The password from its file, or a new one that `openCluster` will set and write down.
 * @throws {StartProblem} when the file cannot be read.
 */
export function readPassword(home: string): Password {
  const file = join(home, 'postgres.password');
  try {
    const value = readFileSync(file, 'utf8').trim();
    if (value !== '') return { file, value };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') {
      throw new StartProblem(
        `The password of the database cannot be read: ${describeError(error)}`,
      );
    }
  }
  return { file, value: randomBytes(24).toString('base64url') };
}

/** How Postgres itself is to name its data directory: always the process's own, by its path or as /proc shows it. */
export function directoryArgument({ directory, account }: ClusterPlace): string {
  // Below a directory that the account may not enter, such as /root, only a path through the current
  // directory works, which a process keeps from before it gave up root.
  return canReach(directory, account) ? directory : '/proc/self/cwd';
}

/** Makes the cluster if there is none, and sees to it that the password opens it. */
export async function openCluster(
  place: ClusterPlace,
  password: Password,
  logger: Logger,
  signal: AbortSignal,
): Promise<PostgresBinaries> {
  const { home, directory, account } = place;
  const made = existsSync(join(directory, 'PG_VERSION'));
  const binaries = await findBinaries(home, account, made ? majorOfData(directory) : undefined);
  if (!made) await createCluster(place, binaries, password, logger, signal);
  else if (!existsSync(password.file)) await run(place, binaries, setPassword(password), signal);
  writePassword(password);
  return binaries;
}

function majorOfData(directory: string): number {
  return Number(readFileSync(join(directory, 'PG_VERSION'), 'utf8').trim());
}

async function createCluster(
  place: ClusterPlace,
  binaries: PostgresBinaries,
  password: Password,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { directory, account } = place;
  const aside: ClusterPlace = { ...place, directory: `${directory}.new` };
  logger.info(`making a new database in ${directory}; this happens once`);
  await endServer(aside.directory);
  rmSync(aside.directory, { recursive: true, force: true });
  mkdirSync(aside.directory, { mode: 0o700 });
  if (account !== undefined) chownSync(aside.directory, account.uid, account.gid);
  await runAs(
    account,
    join(binaries.directory, 'initdb'),
    [
      ...['-D', directoryArgument(aside), '-U', databaseName, '-E', 'UTF8'],
      // "trust" only until the rules below are written; no server runs before that.
      ...['--locale=C.UTF-8', '-A', 'trust', '--no-instructions'],
    ],
    { cwd: aside.directory, signal },
  );
  writeFileSync(
    join(aside.directory, 'pg_hba.conf'),
    '# TYPE  DATABASE  USER  ADDRESS       METHOD\nhost    all       all   127.0.0.1/32  scram-sha-256\n',
  );
  await run(
    aside,
    binaries,
    `${setPassword(password)}CREATE DATABASE ${databaseName};\n\n`,
    signal,
  );
  renameSync(aside.directory, directory);
}

/** Our passwords are base64url, so that nothing in them needs quoting; one from the file might. */
function setPassword({ value }: Password): string {
  return `ALTER ROLE ${databaseName} PASSWORD '${value.replaceAll("'", "''")}';\n\n`;
}

/** Runs SQL on a cluster that no server runs on; with -j a statement ends in an empty line. */
async function run(
  place: ClusterPlace,
  binaries: PostgresBinaries,
  sql: string,
  signal: AbortSignal,
): Promise<void> {
  await runAs(
    place.account,
    join(binaries.directory, 'postgres'),
    ['--single', '-D', directoryArgument(place), '-j', '-c', 'exit_on_error=on', 'postgres'],
    { cwd: place.directory, input: sql, signal },
  );
}

function writePassword({ file, value }: Password): void {
  if (existsSync(file)) return;
  writeFileSync(`${file}.new`, `${value}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}
