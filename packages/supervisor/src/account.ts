/**
 * The user that Postgres runs as, and running its programs as that user.
 *
 * What always holds: Postgres never runs as root (it refuses to); a program started here dies with
 * the supervisor, where the system has setpriv.
 */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { signalProcess } from '@zdenergy/core';
import { StartProblem } from './start-problem.js';

/** undefined stands for the user that zdenergy itself runs as. */
export type Account =
  { readonly name: string; readonly uid: number; readonly gid: number } | undefined;

/** In this order: Postgres's own user where it is installed, else the user that owns nothing. */
const preferredNames = ['postgres', 'nobody'];
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
const maxOutputLength = 16_384;
/** PGDATA, PGPORT, TZ and the like of whoever starts zdenergy must not reach Postgres. */
const plainEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LANG: 'C.UTF-8' };

export const startedByRoot = process.getuid?.() === 0;

/**
 * Root runs Postgres as the owner of the data that are there already, else as `postgres` or `nobody`.
 * @throws {StartProblem} when this machine has none of these users.
 */
export function postgresAccount(cluster: string): Account {
  if (!startedByRoot) return undefined;
  const owner = statSync(cluster, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) {
    return { name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid };
  }
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const wanted of preferredNames) {
    const [name, , uid, gid] = users.find(([user]) => user === wanted) ?? [];
    if (name !== undefined) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new StartProblem(
    'Postgres does not run as root, and this machine has neither a user postgres nor nobody. ' +
      'Start zdenergy as another user, or set DATABASE_URL to a Postgres that runs already.',
    78,
  );
}

/** Whether the account may pass through every directory above the path, by their permission bits. */
export function canReach(path: string, account: Account): boolean {
  if (account === undefined) return true;
  for (let above = dirname(path); ; above = dirname(above)) {
    const { mode, uid, gid } = statSync(above);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (above === dirname(above)) return true;
  }
}

/**
 * Starts a program as the account, in a session of its own so that a terminal's signals do not
 * reach it, and with none of zdenergy's environment.
 * @param orphanSignal what the kernel sends it when the supervisor dies.
 */
export function spawnAs(
  account: Account,
  orphanSignal: 'INT' | 'KILL',
  file: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'stdio'>,
): ChildProcess {
  const [command, prefix] =
    setpriv === undefined ? [file, []] : [setpriv, ['--pdeathsig', orphanSignal, file]];
  return spawn(command, [...prefix, ...args], {
    ...options,
    ...(account !== undefined && { uid: account.uid, gid: account.gid }),
    env: plainEnvironment,
    detached: true,
  });
}

/**
 * Runs a program to its end; the signal kills it with all that it started.
 * @returns its standard output.
 * @throws with the end of what it said when it fails.
 */
export async function runAs(
  account: Account,
  file: string,
  args: readonly string[],
  { cwd = '/', input = '', signal }: { cwd?: string; input?: string; signal?: AbortSignal },
): Promise<string> {
  const child = spawnAs(account, 'KILL', file, args, {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const kill = (): void => {
    if (child.pid !== undefined) signalProcess(-child.pid, 'SIGKILL');
  };
  signal?.addEventListener('abort', kill, { once: true });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (text) => (stdout = `${stdout}${text}`.slice(-maxOutputLength)));
  child.stderr?.on('data', (text) => (stderr = `${stderr}${text}`.slice(-maxOutputLength)));
  child.stdin?.on('error', () => undefined).end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => signal?.removeEventListener('abort', kill));
  if (code === 0) return stdout;
  throw new Error(
    `${file} failed (exit code ${code ?? 'none'}): ${stderr.trim() || stdout.trim()}`,
  );
}
