/** How many files and connections this process may have open, checked before it opens thousands. */
import { readFile } from 'node:fs/promises';

/** What a Node.js process has open besides its connections, with room to spare. */
const reserve = 64;

/**
 * What to tell the user when the limit is too low for that many connections; undefined when it is
 * high enough, or when the system does not say (outside Linux; connecting then fails by itself).
 */
export async function descriptorProblem(connections: number): Promise<string | undefined> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  return problemWith(limits, connections);
}

/** @param limits the text of Linux's /proc/PID/limits */
export function problemWith(limits: string, connections: number): string | undefined {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  const needed = connections + reserve;
  if (soft === undefined || Number(soft) >= needed) return undefined;
  return (
    `${connections} gateways need ${needed} open files, and this process may open ${soft}. ` +
    `Raise the limit first (ulimit -n ${needed}), or take fewer gateways.`
  );
}
