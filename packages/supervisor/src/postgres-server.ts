/**
 * A running Postgres server as seen from outside, without a database client: its status file, its
 * processes, and whether it answers.
 *
 * What always holds: a process is taken for a server of a data directory only if it runs Postgres
 * and works in that very directory, so that no other program, not even one that has got a dead
 * server's process id, is ever signalled.
 */
import { readFileSync, realpathSync, rmSync } from 'node:fs';
import net from 'node:net';
import { basename, join } from 'node:path';
import {
  currentDirectoryOf,
  executableOf,
  isKnown,
  isRunning,
  parentOf,
  processIds,
  signalProcess,
  waitUntilGone,
} from '@zdenergy/core';

/** From the health figures: a probe fails after this long without an answer. */
const answerTimeoutMs = 2_000;
/** A server from before that ends by itself gets this long for it. */
const endGraceMs = 5_000;
const killedWithinMs = 5_000;

/** Protocol: length 8, then the request code 80877103; answered by one byte, S or N, before any login. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

export interface PostmasterStatus {
  readonly pid: number;
  readonly port: number;
  /** starting, ready, standby or stopping. */
  readonly status: string;
}

/** The lines of postmaster.pid: pid, directory, start time, port, socket directory, address, key, status. */
export function parsePostmasterFile(text: string): PostmasterStatus | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const [pid, port, status] = [Number(lines[0]), Number(lines[3]), lines[7] ?? ''];
  return Number.isSafeInteger(pid) && pid > 0 ? { pid, port, status } : undefined;
}

export function readPostmasterFile(directory: string): PostmasterStatus | undefined {
  try {
    return parsePostmasterFile(readFileSync(join(directory, 'postmaster.pid'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether a server on this machine answers on the port; a stopped or frozen one does not. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    const done = (answered: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answered);
    };
    const timer = setTimeout(() => done(false), answerTimeoutMs);
    socket.on('connect', () => socket.write(sslRequest));
    socket.on('data', () => done(true));
    socket.on('error', () => done(false));
    socket.on('close', () => done(false));
  });
}

/** All processes of a server on the directory, and of a half-done initdb. */
function serverProcesses(directory: string): number[] {
  let real: string;
  try {
    real = realpathSync(directory);
  } catch {
    return [];
  }
  return processIds().filter(
    (pid) =>
      ['postgres', 'initdb'].includes(
        basename(executableOf(pid) ?? '').replace(/ \(deleted\)$/, ''),
      ) &&
      currentDirectoryOf(pid) === real &&
      isRunning(pid),
  );
}

/** Kills every process of the server, stopped ones included, the first of them first so that it starts no others. */
export async function killServer(directory: string): Promise<void> {
  const deadline = performance.now() + killedWithinMs;
  for (;;) {
    const pids = serverProcesses(directory);
    if (pids.length === 0) return;
    const isChild = (pid: number): boolean => pids.includes(parentOf(pid) ?? 0);
    for (const pid of [...pids.filter((id) => !isChild(id)), ...pids.filter(isChild)]) {
      signalProcess(pid, 'SIGKILL');
    }
    if ((await waitUntilGone(pids, killedWithinMs)) && performance.now() < deadline) continue;
    throw new Error(`a Postgres from before does not end (process ${pids.join(', ')})`);
  }
}

/**
 * Ends a server of the directory that still runs from before, so that a new one can start: cleanly,
 * or by force when it is frozen or has lost its first process.
 */
export async function endServer(directory: string): Promise<void> {
  const pids = serverProcesses(directory);
  const file = readPostmasterFile(directory);
  if (file !== undefined && pids.includes(file.pid)) {
    signalProcess(file.pid, 'SIGINT');
    // A stopped one would not see it.
    for (const pid of pids) signalProcess(pid, 'SIGCONT');
    await waitUntilGone(pids, endGraceMs);
  }
  await killServer(directory);
  // No server is left. Where its process id is still taken, by some other program or by its own
  // zombie, Postgres would think otherwise.
  const stale = readPostmasterFile(directory);
  if (stale !== undefined && isKnown(stale.pid)) {
    rmSync(join(directory, 'postmaster.pid'), { force: true });
  }
}
