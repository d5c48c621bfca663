/**
 * The listening sockets, bound by the supervisor and lent to its workers.
 *
 * What always holds: the supervisor itself never accepts; it keeps each socket open for as long as
 * it lives, so that once a worker has listened on it, a client that connects while no worker runs
 * waits in the kernel's backlog and is never refused.
 */
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';
import type { ListenerName, Settings, WorkerState } from '@zdenergy/core';
import { describeError } from '@zdenergy/core';
import { describeBusyPort } from './port-holder.js';
import { StartProblem } from './start-problem.js';

/** A socket of a supervisor that was just killed may need a moment to go. */
const busyRetryMs = 2_000;
const retryEveryMs = 100;

/** The part of Node's internal TCP handle that is used here; cluster binds with the same call. */
interface TcpHandle {
  getsockname(out: { port?: number }): number;
  close(): void;
}
interface NetInternals {
  readonly _createServerHandle: (
    address: string,
    port: number,
    family: 4 | 6,
  ) => TcpHandle | number;
}
const { _createServerHandle: createServerHandle } = net as unknown as NetInternals;

export interface ListenerSpec {
  readonly listener: ListenerName;
  readonly role: WorkerState['role'];
  readonly host: string;
  readonly port: number;
  readonly hostVariable: string;
  readonly portVariable: string;
}

export interface BoundSocket extends ListenerSpec {
  readonly handle: TcpHandle;
}

/** The sockets that the settings ask for, and whose worker serves each. */
export function listenersOf(settings: Settings): ListenerSpec[] {
  const tcp = { role: 'ingest', host: settings.tcpHost, hostVariable: 'TCP_HOST' } as const;
  const specs: ListenerSpec[] = [
    { ...tcp, listener: 'tcp', port: settings.tcpPort, portVariable: 'TCP_PORT' },
    {
      listener: 'http',
      role: 'api',
      host: settings.httpHost,
      port: settings.httpPort,
      hostVariable: 'HTTP_HOST',
      portVariable: 'HTTP_PORT',
    },
  ];
  if (settings.tlsCert !== undefined) {
    specs.push({ ...tcp, listener: 'tls', port: settings.tlsPort, portVariable: 'TLS_PORT' });
  }
  return specs;
}

/** @throws {StartProblem} that says which setting is to blame and who holds the port. */
export async function bindSocket(spec: ListenerSpec): Promise<BoundSocket> {
  const address = await resolveHost(spec);
  const deadline = performance.now() + busyRetryMs;
  for (;;) {
    const result = tryBind(address, spec.port);
    if (typeof result !== 'string') return { ...spec, handle: result };
    if (result !== 'EADDRINUSE') throw bindProblem(spec, result);
    if (performance.now() >= deadline) {
      throw new StartProblem(describeBusyPort(spec.port, spec.portVariable));
    }
    await sleep(retryEveryMs);
  }
}

/** The bound handle, or the name of the system's error. */
function tryBind(address: string, port: number): TcpHandle | string {
  const handle = createServerHandle(address, port, net.isIPv6(address) ? 6 : 4);
  if (typeof handle === 'number') return getSystemErrorName(handle);
  // libuv keeps "address in use" for later: then the socket is unbound and shows another port.
  const bound: { port?: number } = {};
  const error = handle.getsockname(bound);
  if (error === 0 && bound.port === port) return handle;
  handle.close();
  return error === 0 ? 'EADDRINUSE' : getSystemErrorName(error);
}

async function resolveHost({ host, hostVariable }: ListenerSpec): Promise<string> {
  if (net.isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new StartProblem(
      `${hostVariable}=${host}: this name has no address (${describeError(error)}). ` +
        `Set ${hostVariable} to an address of this machine, or 0.0.0.0 for all of them.`,
    );
  }
}

function bindProblem(spec: ListenerSpec, code: string): StartProblem {
  const { host, hostVariable, port, portVariable } = spec;
  switch (code) {
    case 'EACCES':
      return new StartProblem(
        `${portVariable}: this user may not listen on port ${port}. ` +
          `Set ${portVariable} to a port above 1023, or start zdenergy as root.`,
      );
    case 'EADDRNOTAVAIL':
      return new StartProblem(
        `${hostVariable}=${host}: this machine has no such address. ` +
          `Set ${hostVariable} to one that it has, or 0.0.0.0 for all of them.`,
      );
    default:
      return new StartProblem(
        `${hostVariable}=${host}, ${portVariable}=${port}: cannot listen there (${code}).`,
      );
  }
}
