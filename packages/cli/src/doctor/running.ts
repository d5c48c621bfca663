/**
 * The zdenergy of this data directory as a process: does it run, and which processes are its own?
 *
 * What always holds: nothing is signalled; a process that this user may not look into counts as foreign.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { commandOf, isRunning, parentOf, startVariableOf, type Settings } from '@zdenergy/core';

/** As the supervisor is started: by PM2 and npm through a script, or itself. */
const supervisorCommand = /scripts[\\/]start\.js|packages[\\/]supervisor[\\/]dist[\\/]main\.js/;
/** From a process up to the first one, at the most. */
const maxAncestors = 64;

export interface RunningZdenergy {
  readonly pid: number;
  /** Whether a process is the supervisor, or was started by it. */
  readonly owns: (pid: number) => boolean;
}

/** Undefined: it does not run. */
export async function findRunning(
  settings: Pick<Settings, 'dataDir'>,
): Promise<RunningZdenergy | undefined> {
  const pid = await readPid(resolve(settings.dataDir, 'supervisor.pid'));
  if (pid === undefined || !isRunning(pid)) return undefined;
  // The number may have gone to another process since.
  if (!supervisorCommand.test(commandOf(pid) ?? '')) return undefined;
  return { pid, owns: (other) => descendsFrom(other, pid) };
}

async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number(text.trim());
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}

function descendsFrom(pid: number, ancestor: number): boolean {
  let at: number | undefined = pid;
  for (let steps = 0; at !== undefined && at > 1 && steps < maxAncestors; steps += 1) {
    if (at === ancestor) return true;
    at = parentOf(at);
  }
  return false;
}

/** PM2's daemon, where it runs zdenergy: its process and its home. */
export function pm2Of(running: RunningZdenergy): { home: string | undefined } | undefined {
  const parent = parentOf(running.pid);
  if (parent === undefined || !/PM2.*God Daemon/.test(commandOf(parent) ?? '')) return undefined;
  return { home: startVariableOf(running.pid, 'PM2_HOME') };
}
