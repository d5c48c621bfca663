/**
 * Other processes on this machine, as Linux shows them under /proc.
 *
 * What always holds: a process that is gone, or that this user may not look into, reads as
 * undefined or empty, never as an error; on systems without /proc there are simply none.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 25;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** All process ids that this user can see. */
export function processIds(): number[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The fields of /proc/PID/stat from the third on; the second may itself hold spaces. */
function stat(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

export function parentOf(pid: number): number | undefined {
  const parent = stat(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** True also for a zombie: dead, but its id is taken until its parent has asked for its exit code. */
export const isKnown = (pid: number): boolean => stat(pid) !== undefined;

/** True while it runs or is stopped; a zombie has let go of everything it held. */
export function isRunning(pid: number): boolean {
  const state = stat(pid)?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

export const executableOf = (pid: number): string | undefined => link(`/proc/${pid}/exe`);
export const currentDirectoryOf = (pid: number): string | undefined => link(`/proc/${pid}/cwd`);

/** The command line, for a person to recognise. */
export function commandOf(pid: number): string | undefined {
  return read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim();
}

/** A variable of the environment that the process was started with. */
export function startVariableOf(pid: number, variable: string): string | undefined {
  const prefix = `${variable}=`;
  const entry = read(`/proc/${pid}/environ`)
    ?.split('\0')
    .find((text) => text.startsWith(prefix));
  return entry?.slice(prefix.length);
}

/** The inodes of the sockets that the process holds open. */
export function socketsOf(pid: number): string[] {
  return list(`/proc/${pid}/fd`).flatMap((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`) ?? '')?.[1];
    return inode === undefined ? [] : [inode];
  });
}

/** Sends a signal to a process that may be gone already, or be somebody else's. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone is what the signal was for; one that we may not signal shows in still running.
  }
}

/** Resolves true once none of them runs any more, false if one still does after the time. */
export async function waitUntilGone(pids: readonly number[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (pids.some(isRunning)) {
    if (performance.now() >= deadline) return false;
    await sleep(pollMs);
  }
  return true;
}
