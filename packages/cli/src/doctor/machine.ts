/** Is the machine fit: Node.js, the disk, the limit of open files? */
import { readFile, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { describeError, errorCode, type Settings } from '@zdenergy/core';
import { count, size } from '../command/text.js';
import { failure, ok, warning, type Finding } from './finding.js';
import type { RunningZdenergy } from './running.js';

const oldestNode = [20, 15] as const;
/** As /api/health warns. */
const leastFreeShare = 0.1;
/** For the journal, the database, the log, IPC and Node itself: as the TCP worker reserves them. */
const reservedDescriptors = 48;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  return isNewEnough
    ? ok(`Node.js ${version}`)
    : failure(
        `Node.js ${version} is too old`,
        `install ${oldestNode.join('.')} or newer from https://nodejs.org`,
      );
}

/** As the journal keeps it: 5 % of the disk, at most 500 MB, unless it is set. */
const reserveBytes = (setting: number | undefined, totalBytes: number): number =>
  setting ?? Math.min(totalBytes * 0.05, 500_000_000);

export async function checkDisk(settings: Settings): Promise<Finding> {
  const directory = resolve(settings.dataDir);
  try {
    const { bsize, bavail, blocks } = await statfs(await nearestDirectory(directory));
    const [freeBytes, totalBytes] = [bavail * bsize, blocks * bsize];
    return judgeDisk(directory, freeBytes, totalBytes, settings.journalReserveBytes);
  } catch (error) {
    return failure(`the disk of ${directory} cannot be looked at: ${describeError(error)}`);
  }
}

/** The directory itself, or the first one above that is there. */
async function nearestDirectory(directory: string): Promise<string> {
  try {
    await statfs(directory);
    return directory;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || directory === dirname(directory)) throw error;
    return nearestDirectory(dirname(directory));
  }
}

export function judgeDisk(
  directory: string,
  freeBytes: number,
  totalBytes: number,
  reserveSetting: number | undefined,
): Finding {
  const percent = Math.floor((freeBytes / totalBytes) * 100);
  const text = `${size(freeBytes)} of ${size(totalBytes)} are free (${percent} %) for ${directory}`;
  const reserve = reserveBytes(reserveSetting, totalBytes);
  if (freeBytes < reserve) {
    return failure(
      `${text}; ${size(reserve)} are kept in reserve, so gateways have to wait`,
      'make room; zdenergy goes on by itself',
    );
  }
  return freeBytes < totalBytes * leastFreeShare
    ? warning(text, 'make room before it is full')
    : ok(text);
}

/** Of the process that runs, or of this one, which was started here as zdenergy would be. */
export async function checkDescriptors(
  settings: Settings,
  running: RunningZdenergy | undefined,
): Promise<Finding> {
  const limits = await readFile(`/proc/${running?.pid ?? 'self'}/limits`, 'utf8').catch(() => '');
  return judgeDescriptors(limits, settings.tcpMaxConnections, running !== undefined);
}

/** @param limits the text of Linux's /proc/PID/limits */
export function judgeDescriptors(
  limits: string,
  maxConnections: number,
  isRunning: boolean,
): Finding {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits) ?? [];
  if (soft === undefined || hard === undefined) {
    return warning('the limit of open files is not known', 'ulimit -n shows it');
  }
  const number = (text: string): number => (text === 'unlimited' ? Infinity : Number(text));
  // Node.js raises its own limit as far as it may.
  const limit = isRunning ? number(soft) : Math.max(number(soft), number(hard));
  const needed = maxConnections + reservedDescriptors;
  const shown = Number.isFinite(limit) ? count(limit) : 'any number of';
  if (limit >= needed) {
    return ok(`${shown} open files allowed, enough for ${count(maxConnections)} connections`);
  }
  return warning(
    `${shown} open files allowed, and TCP_MAX_CONNECTIONS=${maxConnections} needs ${count(needed)}`,
    `ulimit -n ${needed}, or LimitNOFILE=${needed} in systemd, and restart; or lower it`,
  );
}
