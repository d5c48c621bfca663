/**
 * Who holds a busy TCP port, for an error message that a person can act on.
 *
 * It reads /proc, so it knows nothing on other systems or of other users' processes; it then says
 * how to find out.
 */
import { readFileSync } from 'node:fs';
import { commandOf, parentOf, processIds, socketsOf } from './linux-processes.js';

const listening = '0A';
/** Of a longer command both ends are shown: a path to node may be long, and what it runs comes last. */
const maxCommandLength = 120;

/** One of zdenergy's own processes, by the files that node runs in them. */
const zdenergyCommand =
  /scripts[\\/]start\.js|packages[\\/](supervisor|ingest|api)[\\/]dist[\\/]main\.js/;

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

/** The process ids that hold a listening socket on the port, parents before their children. */
function holdersOf(port: number): number[] {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
      try {
        return listeningInodes(readFileSync(path, 'utf8'), port);
      } catch {
        return [];
      }
    }),
  );
  if (inodes.size === 0) return [];
  const holders = processIds().filter((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
  const isChild = (pid: number): boolean => holders.includes(parentOf(pid) ?? 0);
  return [...holders.filter((pid) => !isChild(pid)), ...holders.filter(isChild)];
}

/** What holds the port, and what to do; `variable` is the setting that chose it. */
export function describeBusyPort(port: number, variable: string): string {
  const [pid] = holdersOf(port);
  if (pid === undefined) {
    return (
      `${variable}: port ${port} is already in use by another process. ` +
      `Find it with: sudo ss -ltnp 'sport = :${port}'. Stop it, or set ${variable} to another port.`
    );
  }
  const command = commandOf(pid) ?? '';
  const half = maxCommandLength / 2;
  const shown =
    command.length > maxCommandLength
      ? `${command.slice(0, half)}…${command.slice(-half)}`
      : command;
  if (zdenergyCommand.test(command)) {
    return (
      `${variable}: port ${port} is already in use by another zdenergy (process ${pid}: ${shown}). ` +
      `Stop that one first (kill ${pid}, or pm2 stop zdenergy if PM2 runs it), ` +
      `or give this one ports and a DATA_DIR of its own.`
    );
  }
  return (
    `${variable}: port ${port} is already in use by process ${pid} (${shown}). ` +
    `Stop it, or set ${variable} to another port.`
  );
}
