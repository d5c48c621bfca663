/**
 * `/api/health` over HTTP, answered before any framework sees the request.
 *
 * What always holds: it is public, reads only memory and never waits, so that it answers whatever
 * else hangs; HEAD gets the same status and headers as GET. It is no route of
 * Express, which answers a quarter as many requests a second, and where a middleware added later
 * could come to stand in its way.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HealthReport } from './health.js';
import { refuseMethod, sendJson } from './answers.js';

/** A trailing slash, a query and the absolute form that proxies send are all the same page. */
const healthUrl = /^(?:https?:\/\/[^/?#]*)?\/api\/health\/?(?:[?#]|$)/i;

export const isHealthUrl = (url: string | undefined): boolean => healthUrl.test(url ?? '');

const refuseOthers = refuseMethod('GET, HEAD');

/** Answers GET and HEAD with the report, and 405 to all else. */
export function answerHealth(
  request: IncomingMessage,
  response: ServerResponse,
  report: () => HealthReport,
): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuseOthers(request, response);
    return;
  }
  const { statusCode, body } = report();
  sendJson(response, statusCode, body);
}
