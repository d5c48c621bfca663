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

/** Resolves with the new process id once zdenergy says that the worker is another process. */
export function replaced(zdenergy: Zdenergy, name: string, before: number): Promise<number> {
  return eventually(async () => {
    const pid = await zdenergy.pidOf(name);
    if (pid === before) throw new Error(`${name} is still process ${pid}`);
    return pid;
  });
}

/** Reloads the workers; resolves once all of them were. */
export async function reload({ program }: Zdenergy): Promise<void> {
  const reloads = (): number => program.output.split('the workers were reloaded').length;
  const before = reloads();
  program.signal('SIGHUP');
  await eventually(() => {
    if (reloads() === before) throw new Error('the workers were not reloaded');
  });
}

function isWorker(pid: number, name: string): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return environment.includes(`ZDENERGY_WORKER_NAME=${name}`);
  } catch {
    return false;
  }
}
