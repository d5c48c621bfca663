/**
 * Whether a supervisor that is told to end starts anything again.
 *
 * What always holds: a child counts only if the supervisor still ran after it was seen; what comes
 * later is another supervisor's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, commandOf, isRunning } from './processes.js';

const everyMs = 20;

/** Resolves once the supervisor has ended, with the commands of the children that it started. */
export async function respawnsUntilEnd(supervisor: number): Promise<string[]> {
  const known = new Set(childrenOf(supervisor));
  const respawned: string[] = [];
  for (;;) {
    const found = childrenOf(supervisor).filter((pid) => !known.has(pid));
    if (!isRunning(supervisor)) return respawned;
    for (const pid of found) {
      known.add(pid);
      respawned.push(commandOf(pid));
    }
    await sleep(everyMs);
  }
}
