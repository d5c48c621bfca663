/**
 * Somebody else's HTTP server, to which zdenergy sends: keeps what came, and answers as a test wants.
 *
 * What always holds: it ends with the test, whoever is still connected.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Releases } from '@zdenergy/core';

export interface Received {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export class HttpReceiver {
  /** All that came, answered or not. */
  readonly requests: Received[] = [];
  /** The status of each answer from now on; `none`: the sender waits for ever. */
  answer: number | 'none' = 200;
  readonly #server: http.Server;

  private constructor() {
    this.#server = http.createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('error', () => undefined);
      request.on('end', () => {
        const { url: path = '', headers } = request;
        this.requests.push({ path, headers, body });
        if (this.answer !== 'none') response.writeHead(this.answer).end('thanks');
      });
    });
  }

  static async start(releases: Releases): Promise<HttpReceiver> {
    const receiver = new HttpReceiver();
    const server = receiver.#server;
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    releases.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return receiver;
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  at(path: string): Received[] {
    return this.requests.filter((request) => request.path === path);
  }
}
