/** The real API worker inside the test's process, on a real socket bound as the supervisor binds it. */
import net, { type AddressInfo } from 'node:net';
import { parseSettings, type ToWorker } from '@zdenergy/core';
import { apiWorker } from '../src/api-worker.js';
import { fileLogger } from './file-logger.js';

export interface RunningApi {
  readonly port: number;
  receive(message: Extract<ToWorker, { type: 'cluster' | 'live' | 'gateways' }>): void;
  /** What the log holds by now. */
  log(): string;
  /** Resolves once the log, which is written in the background, holds the text. */
  logged(text: string): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
}

/** A port of the loopback address on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

export async function runApi(
  environment: Readonly<Record<string, string>> = {},
  { withSocket = true, dashboardDir = '/nowhere' } = {},
): Promise<RunningApi> {
  const databaseUrl = `postgres://zdenergy:geheim@127.0.0.1:${await closedPort()}/zdenergy`;
  const settings = parseSettings({ DATABASE_URL: databaseUrl, ...environment });
  const { logger, log, logged } = fileLogger(settings);
  const worker = apiWorker({
    settings: { ...settings, databaseUrl: settings.databaseUrl ?? databaseUrl },
    version: '1.2.3',
    dashboardDir,
    logger,
  });
  const handle = boundSocket();
  await worker.start(new Map(withSocket ? [['http', handle]] : []));
  return {
    port: handle.port,
    receive: (message) => worker.receive?.(message),
    log,
    logged,
    stop: (deadlineMs) => worker.stop(deadlineMs),
  };
}

interface BoundHandle {
  getsockname(name: { port: number }): number;
}

/** Node's own way of binding without listening, which its types leave out. */
const { _createServerHandle: bind } = net as unknown as {
  _createServerHandle: (address: string, port: number, family: 4 | 6) => BoundHandle;
};

/** As the supervisor makes it: bound to a free port, not yet listening. */
function boundSocket(): BoundHandle & { readonly port: number } {
  const handle = bind('127.0.0.1', 0, 4);
  const name = { port: 0 };
  handle.getsockname(name);
  return Object.assign(handle, { port: name.port });
}

/** Sends raw bytes and gives back everything that came until the connection ended. */
export function exchange(port: number, ...chunks: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => (received += text));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    for (const chunk of chunks) socket.write(chunk);
  });
}

/** One HTTP/1.1 request whose answer ends the connection. */
export function request(
  port: number,
  requestLine: string,
  headers: readonly string[] = [],
): Promise<string> {
  const lines = [`${requestLine} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers];
  return exchange(port, [...lines, 'Connection: close', '', ''].join('\r\n'));
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function parseAnswer(text: string): Answer {
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    ),
    body: body.join('\r\n\r\n'),
  };
}
