/**
 * The data directory: made, locked, and free of workers from before.
 *
 * What always holds while `openDataDirectory`'s result is open: no other supervisor on this machine
 * uses the directory, and no worker of an earlier one does. The lock is an abstract Unix socket, which the
 * kernel releases however its holder dies, so there is never a stale one to clean up; other systems
 * than Linux have none, and there the busy ports alone keep a second supervisor away.
 */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  chmodSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger, Releases } from '@zdenergy/core';
import {
  describeError,
  errorCode,
  isRunning,
  parentOf,
  processIds,
  signalProcess,
  startVariableOf,
  waitUntilGone,
} from '@zdenergy/core';
import { StartProblem } from './start-problem.js';

const lockRetryMs = 2_000;
const retryEveryMs = 100;
/** A worker whose supervisor is gone ends within 600 ms by itself; see the worker's watchdog. */
const leftoverGraceMs = 1_500;
const killedWithinMs = 5_000;

/** In each worker's environment, so that one left over from a killed supervisor can be told. */
export const ownerVariables = (directory: string): Record<string, string> => ({
  ZDENERGY_SUPERVISOR_PID: String(process.pid),
  ZDENERGY_DATA_DIRECTORY: directory,
});

/**
 * Makes the directory if need be, and keeps others out of it.
 * @param traversable when another user (that Postgres runs as) must be able to pass through it.
 * @returns its real path.
 * @throws {StartProblem} when it cannot be used.
 */
export async function openDataDirectory(
  dataDir: string,
  traversable: boolean,
  logger: Logger,
  releases: Releases,
): Promise<string> {
  const directory = makeDirectory(dataDir, traversable);
  const pidFile = join(directory, 'supervisor.pid');
  if (process.platform === 'linux') {
    const lock = await acquireLock(directory, pidFile);
    releases.push(() => void lock.close());
  }
  await endLeftoverWorkers(directory, logger);
  try {
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    throw unusable(directory, error);
  }
  releases.push(() => rmSync(pidFile, { force: true }));
  return directory;
}

function makeDirectory(dataDir: string, traversable: boolean): string {
  try {
    mkdirSync(dataDir, { recursive: true, mode: traversable ? 0o711 : 0o700 });
    const directory = realpathSync(dataDir);
    const mode = statSync(directory).mode & 0o777;
    if (traversable && (mode & 0o011) !== 0o011) chmodSync(directory, mode | 0o011);
    return directory;
  } catch (error) {
    throw unusable(resolve(dataDir), error);
  }
}

function unusable(directory: string, error: unknown): StartProblem {
  return new StartProblem(
    `DATA_DIR: ${directory} cannot be used (${describeError(error)}). ` +
      `Set DATA_DIR to a directory that this user can write to.`,
  );
}

async function acquireLock(directory: string, pidFile: string): Promise<net.Server> {
  const name = `\0zdenergy-${createHash('sha256').update(directory).digest('hex')}`;
  const deadline = performance.now() + lockRetryMs;
  for (;;) {
    const lock = await listen(name);
    if (lock !== undefined) return lock;
    if (performance.now() >= deadline) throw alreadyRunning(directory, pidFile);
    await sleep(retryEveryMs);
  }
}

function listen(path: string): Promise<net.Server | undefined> {
  return new Promise((resolveListen, reject) => {
    const server = net.createServer((connection) => connection.destroy());
    server.once('error', (error) => {
      if (errorCode(error) === 'EADDRINUSE') resolveListen(undefined);
      else reject(error);
    });
    server.listen(path, () => resolveListen(server.unref()));
  });
}

function alreadyRunning(directory: string, pidFile: string): StartProblem {
  const pid = readPid(pidFile);
  const known = pid !== undefined && isRunning(pid);
  return new StartProblem(
    `Another zdenergy${known ? ` (process ${pid})` : ''} is already running with the data directory ${directory}. ` +
      `Stop that one first (${known ? `kill ${pid}, or ` : ''}pm2 stop zdenergy if PM2 runs it), ` +
      `or set DATA_DIR and the ports to others.`,
  );
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Waits for the workers of a supervisor that was killed, and kills those that do not end: one that
 * was stopped by a signal cannot see that its supervisor is gone.
 */
async function endLeftoverWorkers(directory: string, logger: Logger): Promise<void> {
  const leftovers = processIds().filter((pid) => isLeftover(pid, directory));
  if (await waitUntilGone(leftovers, leftoverGraceMs)) return;
  const stuck = leftovers.filter((pid) => isRunning(pid) && isLeftover(pid, directory));
  for (const pid of stuck) {
    logger.warning(`ending process ${pid}, a worker left over from a supervisor that was killed`);
    signalProcess(pid, 'SIGKILL');
  }
  if (await waitUntilGone(stuck, killedWithinMs)) return;
  throw new StartProblem(
    `A worker of an earlier zdenergy (process ${stuck.join(', ')}) does not end. ` +
      `End it with kill -9, then start again.`,
  );
}

function isLeftover(pid: number, directory: string): boolean {
  if (startVariableOf(pid, 'ZDENERGY_DATA_DIRECTORY') !== directory) return false;
  const owner = startVariableOf(pid, 'ZDENERGY_SUPERVISOR_PID');
  return owner !== undefined && parentOf(pid) !== Number(owner);
}
