/** Are the ports free, or held by whom they are for? */
import { commandOf, portHolders, type PortHolders, type Settings } from '@zdenergy/core';
import { harmless, shortened } from '../command/text.js';
import { failure, ok, warning, type Finding } from './finding.js';
import type { RunningZdenergy } from './running.js';

const maxCommandCharacters = 100;

export interface Port {
  readonly variable: string;
  readonly port: number;
}

function portsOf(settings: Settings): Port[] {
  const { tcpPort, httpPort, tlsPort, tlsCert, databaseUrl, embeddedPgPort } = settings;
  return [
    { variable: 'TCP_PORT', port: tcpPort },
    { variable: 'HTTP_PORT', port: httpPort },
    ...(tlsCert === undefined ? [] : [{ variable: 'TLS_PORT', port: tlsPort }]),
    ...(databaseUrl === undefined ? [{ variable: 'EMBEDDED_PG_PORT', port: embeddedPgPort }] : []),
  ];
}

export function checkPorts(settings: Settings, running: RunningZdenergy | undefined): Finding[] {
  return portsOf(settings).map((port) =>
    judgePort(port, portHolders(port.port), running, commandOf),
  );
}

/** @param commandOfPid the command line of a process. */
export function judgePort(
  { variable, port }: Port,
  { isHeld, pids }: PortHolders,
  running: RunningZdenergy | undefined,
  commandOfPid: (pid: number) => string | undefined,
): Finding {
  const name = `${variable} ${port}`;
  if (!isHeld) {
    return running === undefined
      ? ok(`${name} is free`)
      : failure(
          `nobody listens on ${name}, although zdenergy runs (process ${running.pid})`,
          'was the setting changed since it started? Then restart it; else its log says why',
        );
  }
  const [pid] = pids;
  if (pid === undefined) {
    return running === undefined
      ? failure(
          `${name} is held by a process of another user`,
          `sudo ss -ltnp 'sport = :${port}' names it; stop it, or set ${variable}`,
        )
      : warning(
          `${name} is held, by whom this user may not see`,
          'run this as its user, or as root',
        );
  }
  if (running !== undefined && pids.some(running.owns)) {
    return ok(`${name} is held by this zdenergy (process ${running.pid})`);
  }
  const command = shortened(harmless(commandOfPid(pid) ?? 'unknown', false), maxCommandCharacters);
  return failure(
    `${name} is held by process ${pid}: ${command}`,
    `stop it (kill ${pid}), or set ${variable} to another port`,
  );
}
