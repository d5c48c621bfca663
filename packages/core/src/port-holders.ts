/**
 * Who listens on a TCP port of this machine.
 *
 * It reads /proc, so it knows nothing on other systems, and of other users' processes only that there
 * is one.
 */
import { readFileSync } from 'node:fs';
import { parentOf, processIds, socketsOf } from './linux-processes.js';

const listening = '0A';

/**
 * The inodes of the listening sockets on a port, out of the text of /proc/net/tcp or tcp6: columns
 * are sl, local_address (hex address:port), rem_address, st, …, and inode as the tenth.
 */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local = '', , state]) => local.endsWith(suffix) && state === listening)
    .flatMap((columns) => columns[9] ?? []);
}

export interface PortHolders {
  /** Somebody listens there. */
  readonly isHeld: boolean;
  /** The processes that do, as far as this user may see them, parents before their children. */
  readonly pids: readonly number[];
}

export function portHolders(port: number): PortHolders {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
      try {
        return listeningInodes(readFileSync(path, 'utf8'), port);
      } catch {
        return [];
      }
    }),
  );
  if (inodes.size === 0) return { isHeld: false, pids: [] };
  const holders = processIds().filter((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
  const isChild = (pid: number): boolean => holders.includes(parentOf(pid) ?? 0);
  return {
    isHeld: true,
    pids: [...holders.filter((pid) => !isChild(pid)), ...holders.filter(isChild)],
  };
}
