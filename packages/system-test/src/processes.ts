/**
 * Processes as Linux shows them under /proc.
 *
 * What always holds: one that ends while it is looked at counts as gone; a zombie does too, since it
 * has let go of everything it held.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The fields of /proc/PID/stat from the third on: state, parent and so forth. */
function stat(pid: number): string[] {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '';
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

export function isRunning(pid: number): boolean {
  const [state = ''] = stat(pid);
  return !['', 'Z', 'X'].includes(state);
}

function parentOf(pid: number): number {
  return Number(stat(pid)[1]);
}

function runningPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(isRunning);
}

export function childrenOf(pid: number): number[] {
  return runningPids().filter((child) => parentOf(child) === pid);
}

/** The process with its children, theirs and so forth. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)];
}

/** The file that the process executes. */
export function executableOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/exe`);
}

/** The memory that the process holds. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

/** What the process shows as its command line. */
export function commandOf(pid: number): string {
  const text = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '';
  return text.replaceAll('\0', ' ').trim();
}

/** All that run for a data directory: started with it in DATA_DIR, or at work below it. */
export function processesOf(dataDirectory: string): number[] {
  return runningPids().filter((pid) => {
    const environment = attempt(() => readFileSync(`/proc/${pid}/environ`, 'utf8')) ?? '';
    const workingIn = attempt(() => readlinkSync(`/proc/${pid}/cwd`)) ?? '';
    return (
      environment.split('\0').includes(`DATA_DIR=${dataDirectory}`) ||
      workingIn.startsWith(`${dataDirectory}/`)
    );
  });
}

/** Sends a signal to all of them; those that are gone already need none. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) attempt(() => process.kill(pid, signal));
}
