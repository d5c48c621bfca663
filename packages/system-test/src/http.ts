/** A plain HTTP client that says how long an answer took. */
import http from 'node:http';

/** An answer that takes longer is none. */
const timeoutMs = 10_000;

export interface Answer {
  readonly statusCode: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** From asking to the last byte. */
  readonly tookMs: number;
}

/** Asks a server on this machine, on a connection of its own. @throws when it does not answer. */
export function ask(port: number, path: string, method: 'GET' | 'HEAD' = 'GET'): Promise<Answer> {
  const startedAtMs = performance.now();
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, agent: false, timeout: timeoutMs };
    const request = http.request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers } = response;
        resolve({ statusCode, headers, body, tookMs: performance.now() - startedAtMs });
      });
    });
    request.on('timeout', () => {
      request.destroy(new Error(`${path} was not answered within ${timeoutMs} ms`));
    });
    request.on('error', reject);
    request.end();
  });
}
