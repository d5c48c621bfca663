/**
 * The HTTP server on the socket that the supervisor bound.
 *
 * What always holds: a client that sends slowly, nonsense or nothing costs a connection for a
 * bounded time, and gets an answer in JSON where one can still be given; the number of connections is
 * bounded, in all and for each address; closing waits for requests under way until told to
 * cut them.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { errorCode, type SocketHandle } from '@zdenergy/core';

/** From reliability: how long a client may take to send the headers, and the whole request. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
/** Node looks for late clients only this often. */
const lateCheckMs = 1_000;
/** How long the rest of a body is read and dropped after the answer to it. */
const lingerMs = 1_000;
/** Some 20 KB each, should all of them send endless headers. */
const maxConnections = 2_000;
/** Half of them: enough for a proxy, and whatever one address does, a monitor elsewhere gets in. */
const maxConnectionsPerAddress = 1_000;
/** Connections that wait to be accepted. */
const backlog = 1024;

export interface HttpServer {
  readonly port: number;
  /** Accepts no more, and resolves when the last request is answered. */
  close(): Promise<void>;
  /** Ends every connection at once, and so lets `close` resolve. */
  cut(): void;
}

/** Listens on a bound socket. @throws the system's error when that fails. */
export async function serveHttp(
  handle: SocketHandle,
  listener: RequestListener,
): Promise<HttpServer> {
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: lateCheckMs,
    },
    (request, response) => {
      response.on('finish', () => endUnreadBody(request));
      listener(request, response);
    },
  );
  server.maxConnections = maxConnections;
  server.on('connection', limitPerAddress());
  server.on('clientError', refuseNonsense);
  server.listen(handle, backlog);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => new Promise((closed) => server.close(() => closed())),
    cut: () => server.closeAllConnections(),
  };
}

/** Ends at once what one address has too many of. */
function limitPerAddress(): (socket: Socket) => void {
  const open = new Map<string, number>();
  return (socket) => {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) return;
    const count = (open.get(remoteAddress) ?? 0) + 1;
    open.set(remoteAddress, count);
    socket.once('close', () => {
      const left = (open.get(remoteAddress) ?? 1) - 1;
      if (left > 0) open.set(remoteAddress, left);
      else open.delete(remoteAddress);
    });
    if (count > maxConnectionsPerAddress) socket.destroy();
  };
}

/**
 * A body that was answered before its end would otherwise be read on, for as long as a request may
 * take. Cut at once, the client would lose the answer.
 */
function endUnreadBody(request: IncomingMessage): void {
  if (request.complete) return;
  const cut = setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, lingerMs);
  request.socket.once('close', () => clearTimeout(cut));
}

/** Answers what Node could not parse, and hangs up. */
function refuseNonsense(error: Error, socket: Socket): void {
  // An answer may be under way already, or the client gone: more bytes would only confuse.
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [status, reason] = describeNonsense(errorCode(error));
  const body = JSON.stringify({ error: reason });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function describeNonsense(code: string | undefined): [status: string, reason: string] {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['408 Request Timeout', 'The request took too long to arrive.'];
    case 'HPE_HEADER_OVERFLOW':
      return ['431 Request Header Fields Too Large', 'The headers are too large.'];
    default:
      return ['400 Bad Request', 'This is no valid HTTP request.'];
  }
}
