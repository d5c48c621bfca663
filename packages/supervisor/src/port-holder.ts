/**
 * Who holds a busy TCP port, for an error message that a person can act on.
 *
 * On other systems, and of other users' processes, nothing is known; it then says how to find out.
 */
import { commandOf, portHolders } from '@zdenergy/core';

/** Of a longer command both ends are shown: a path to node may be long, and what it runs comes last. */
const maxCommandLength = 120;

/** One of zdenergy's own processes, by the files that node runs in them. */
const zdenergyCommand =
  /scripts[\\/]start\.js|packages[\\/](supervisor|ingest|api)[\\/]dist[\\/]main\.js/;

/** What holds the port, and what to do; `variable` is the setting that chose it. */
export function describeBusyPort(port: number, variable: string): string {
  const [pid] = portHolders(port).pids;
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
