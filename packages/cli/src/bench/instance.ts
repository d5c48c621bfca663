/**
 * A zdenergy of the benchmark's own: the built supervisor with a Postgres of its own.
 *
 * What always holds: nothing of the user's settings reaches it, neither from the environment nor
 * from .env, so that it can touch no other database; it ends when the benchmark does.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { within } from '@zdenergy/core';
import { monotonicMs, type Address } from './generator-protocol.js';
import { unlessEnded, type Program, type StartProgram } from './program.js';

const supervisor = new URL('../../../supervisor/dist/main.js', import.meta.url);
const host = '127.0.0.1';
const startLimitMs = 60_000;
/** The supervisor gives itself 12 s. */
const stopLimitMs = 15_000;

export interface Instance {
  readonly address: Address;
  readonly http: Address;
  /** A secret. */
  readonly databaseUrl: string;
  readonly supervisorPid: number;
  /** On the monotonic clock. */
  readonly startedAtMs: number;
  /** From starting the process to all of its parts being ready, in milliseconds. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** What an instance starts with; the same again starts it on the same data. */
export interface InstancePlace {
  readonly directory: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly tcpPort: number;
  readonly httpPort: number;
  readonly databasePort: number;
}

/** @param settings besides those that say where things are. */
export async function choosePlace(
  directory: string,
  settings: Readonly<Record<string, string>>,
): Promise<InstancePlace> {
  const [tcpPort = 0, httpPort = 0, databasePort = 0] = await freePorts(3);
  return {
    directory,
    tcpPort,
    httpPort,
    databasePort,
    variables: {
      ...settings,
      DATA_DIR: directory,
      TCP_HOST: host,
      TCP_PORT: String(tcpPort),
      HTTP_HOST: host,
      HTTP_PORT: String(httpPort),
      EMBEDDED_PG_PORT: String(databasePort),
    },
  };
}

/** @throws {Error} with what it said, when it does not become ready. */
export async function startInstance(
  place: InstancePlace,
  startProgram: StartProgram,
): Promise<Instance> {
  const startedAtMs = monotonicMs();
  const program = startProgram(supervisor, place.directory, place.variables);
  const ready = new Promise<void>((resolve) => {
    program.onMessage((message) => {
      if (message === 'ready') resolve();
    });
  });
  const started = await within(unlessEnded(program, 'zdenergy', ready), startLimitMs);
  if (started === 'late') {
    await stop(program);
    throw new Error(
      `zdenergy was not ready after ${startLimitMs / 1_000} s; it said:\n${program.output()}`,
    );
  }
  const startMs = monotonicMs() - startedAtMs;
  const password = (await readFile(join(place.directory, 'postgres.password'), 'utf8')).trim();
  return {
    address: { host, port: place.tcpPort },
    http: { host, port: place.httpPort },
    databaseUrl: `postgres://zdenergy:${encodeURIComponent(password)}@${host}:${place.databasePort}/zdenergy`,
    supervisorPid: program.pid,
    startedAtMs,
    startMs,
    stop: () => stop(program),
  };
}

async function stop(program: Program): Promise<void> {
  program.signal('SIGTERM');
  if ((await within(program.ended, stopLimitMs)) === 'late') program.signal('SIGKILL');
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, host));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
