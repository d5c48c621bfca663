/** Workers of a zdenergy as processes, also at moments when nobody can be asked about them. */
import { readFileSync } from 'node:fs';
import { childrenOf } from './processes.js';
import { eventually } from './wait.js';
import type { Zdenergy } from './zdenergy.js';

/** The process of a worker that was not there before, as soon as it is forked. */
export function nextProcessOf(
  { program }: Zdenergy,
  name: string,
  before: number,
  withinMs?: number,
): Promise<number> {
  return eventually(() => {
    const pid = childrenOf(program.pid).find((child) => child !== before && isWorker(child, name));
    if (pid === undefined) throw new Error(`${name} was not started again`);
    return pid;
  }, withinMs);
}

function isWorker(pid: number, name: string): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return environment.includes(`ZDENERGY_WORKER_NAME=${name}`);
  } catch {
    return false;
  }
}
