/** A program that alerts are sent to, on a real socket. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Releases } from '@zdenergy/core';

export interface Receiver {
  readonly url: string;
  /** The paths and bodies of all requests. */
  readonly requests: { readonly path: string; readonly body: string }[];
  /** How requests are answered from now on; undefined: not at all. */
  answer: { readonly status: number; readonly location?: string } | undefined;
}

export async function startReceiver(releases: Releases): Promise<Receiver> {
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('error', () => undefined);
    request.on('end', () => {
      receiver.requests.push({ path: request.url ?? '', body });
      if (receiver.answer === undefined) return;
      const { status, ...headers } = receiver.answer;
      response.writeHead(status, headers).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  releases.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    answer: { status: 200 },
  };
  return receiver;
}
