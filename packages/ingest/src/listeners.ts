/**
 * Accepts connections on the sockets that the supervisor opened.
 *
 * Plain connections read into one buffer that all of them share: nothing is allocated for a chunk,
 * and a connection that is told to pause stops at once instead of after one chunk more, which with
 * thousands of senders is the difference between bounded memory and none. Node offers this for
 * sockets it connects (`onread`), so accepted ones are made here from their handles.
 */
import { readFileSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { Settings, SocketHandle } from '@zdenergy/core';
import { addressOf } from './admission.js';

/** Connections that wait while the worker restarts; the kernel may allow fewer (somaxconn). */
const backlog = 1_024;
/** What one read takes at most; the kernel's usual receive buffer is larger. */
const readBytes = 64 * 1024;

export interface Acceptor {
  /** Whether somebody who has connected may stay; otherwise the socket is closed already. */
  admit(socket: Socket): boolean;
  /** A gateway that was admitted can talk; the returned function gets its chunks, valid until it returns. */
  accept(socket: Socket): (chunk: Buffer) => void;
  /** Somebody who was admitted did not become a gateway: it spoke no TLS, say, or had no certificate. */
  handshakeFailed(address: string, error: Error): void;
  /** Accepting failed, as for want of file descriptors; the code of the system's error. */
  failed(error: Error): void;
}

export interface Listener {
  /** Stops accepting here; the socket stays open in the supervisor, and connections wait there. */
  close(): void;
}

/** The part of Node's TCP handle that is needed here. */
interface TcpHandle {
  onconnection: (status: number, client: object | undefined) => void;
  listen(backlog: number): number;
  close(): void;
}

function isTcpHandle(handle: object): handle is TcpHandle {
  return 'listen' in handle && 'close' in handle;
}

/** @throws {Error} when the handle cannot listen. */
export function listenPlain(handle: SocketHandle, acceptor: Acceptor): Listener {
  if (!isTcpHandle(handle)) throw new TypeError('the supervisor sent no listening socket');
  const shared = Buffer.allocUnsafeSlow(readBytes);
  handle.onconnection = (status, client) => {
    if (client === undefined) {
      acceptor.failed(new Error(`accepting a connection failed (${status})`));
      return;
    }
    let receive: (chunk: Buffer) => void = () => undefined;
    const options = {
      handle: client,
      allowHalfOpen: true,
      onread: {
        buffer: shared,
        callback(bytes: number): boolean {
          receive(shared.subarray(0, bytes));
          return true;
        },
      },
    };
    const socket = new Socket(options);
    if (!acceptor.admit(socket)) return;
    // The socket reads from now on, unless accepting it has paused it.
    receive = acceptor.accept(socket);
  };
  const status = handle.listen(backlog);
  if (status !== 0) throw new Error(`listening failed (${status})`);
  return { close: () => handle.close() };
}

/**
 * TLS with the certificate of the settings; with TLS_CA clients must show one too.
 * @throws {Error} naming the file that cannot be read or used.
 */
export async function listenTls(
  handle: SocketHandle,
  settings: Settings,
  acceptor: Acceptor,
): Promise<Listener> {
  const negotiation = createTlsServer(tlsOptions(settings), (socket) => {
    const receive = acceptor.accept(socket);
    socket.on('data', receive);
  });
  negotiation.on('tlsClientError', (error, socket) => {
    acceptor.handshakeFailed(addressOf(socket), error);
    // Node itself leaves one open whose handshake only takes too long.
    socket.destroy();
  });
  // Sockets are admitted before the handshake, which may take as long as it is allowed to.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (acceptor.admit(socket)) negotiation.emit('connection', socket);
  });
  server.on('error', (error: Error) => acceptor.failed(error));
  await new Promise<void>((resolve) => server.listen(handle, backlog, resolve));
  return { close: () => server.close() };
}

function tlsOptions(settings: Settings): TlsOptions {
  const read = (variable: string, path: string | undefined): Buffer => {
    try {
      return readFileSync(path ?? '');
    } catch {
      throw new Error(`${variable}: the file ${path ?? ''} cannot be read`);
    }
  };
  return {
    allowHalfOpen: true,
    handshakeTimeout: 10_000,
    minVersion: 'TLSv1.2',
    cert: read('TLS_CERT', settings.tlsCert),
    key: read('TLS_KEY', settings.tlsKey),
    ...(settings.tlsCa !== undefined && {
      ca: read('TLS_CA', settings.tlsCa),
      requestCert: true,
      rejectUnauthorized: true,
    }),
  };
}
