/** JSON answers: compact, never cached, with their length; for HEAD, Node leaves the body out. */
import type { ServerResponse } from 'node:http';

export function sendJson(response: ServerResponse, statusCode: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(statusCode, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
  });
  response.end(bytes);
}
