/** Answers that many routes give. What always holds: they are compact JSON, and never cached. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeError, type Logger } from '@zdenergy/core';
import type { DatabaseState } from './health.js';

/** Sends JSON with its length; for HEAD, Node leaves the body out. */
export function sendJson(response: ServerResponse, statusCode: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(statusCode, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
  });
  response.end(bytes);
}

/** Says that the database is away, which is known without asking it. */
export function tellDatabaseAway(response: ServerResponse, { problem }: DatabaseState): void {
  sendJson(response, 503, { error: `The database is away: ${problem ?? 'no answer'}` });
}

/** Says why the database gave no answer, to the client and in the log. */
export function tellFailure(response: ServerResponse, error: unknown, logger: Logger): void {
  const reason = describeError(error);
  logger.warning(`A question to the database was not answered: ${reason}`);
  sendJson(response, 503, { error: reason });
}

/** A handler that refuses every method but those that were answered before it. */
export function refuseMethod(
  allowed: string,
): (request: IncomingMessage, response: ServerResponse) => void {
  const reason = `Only ${allowed.replace(/, (?=\w+$)/, ' and ')} ${allowed.includes(',') ? 'are' : 'is'} answered here.`;
  return (_request, response) => {
    response.setHeader('Allow', allowed);
    sendJson(response, 405, { error: reason });
  };
}
