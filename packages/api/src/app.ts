/**
 * Everything over HTTP but health: the security headers, the guard, the routes, the errors.
 *
 * What always holds: the guard stands before every route, also before those that do not exist; an
 * answer is JSON; an error tells the client no stack and no inside of zdenergy.
 */
import { describeError, type Logger } from '@zdenergy/core';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Admission, Visit } from './access.js';
import { sendJson } from './json-answer.js';

export interface AppParts {
  readonly admit: (visit: Visit) => Admission;
  readonly stats: () => unknown;
  readonly logger: Logger;
}

export function createApp({ admit, stats, logger }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(securityHeaders);
  app.use(guard(admit));
  app
    .route('/api/stats')
    .get((_request, response) => sendJson(response, 200, stats()))
    .all((_request, response) => {
      response.setHeader('Allow', 'GET, HEAD');
      sendJson(response, 405, { error: 'Only GET and HEAD are answered here.' });
    });
  app.use((_request, response) => sendJson(response, 404, { error: 'There is nothing here.' }));
  app.use(answerError(logger));
  return app;
}

/** Served over plain HTTP on a local network, where a browser told to insist on HTTPS finds nothing. */
const securityHeaders = helmet({
  strictTransportSecurity: false,
  contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
});

const guard =
  (admit: AppParts['admit']): RequestHandler =>
  (request, response, next) => {
    const { headers, socket } = request;
    const admission = admit({ peerAddress: socket.remoteAddress, headers });
    if (admission.admitted) next();
    else sendJson(response, 403, { error: admission.reason });
  };

/** Four parameters are how Express knows an error handler. */
const answerError =
  (logger: Logger): ErrorRequestHandler =>
  (error: unknown, request, response, _next) => {
    const statusCode = clientErrorCode(error);
    if (statusCode === undefined) {
      logger.error(
        `HTTP request ${request.method} ${request.path} failed: ${describeError(error)}`,
      );
    }
    if (response.headersSent) {
      response.destroy();
    } else if (statusCode === undefined) {
      sendJson(response, 500, {
        error: 'Something went wrong here. The log of zdenergy says what.',
      });
    } else {
      sendJson(response, statusCode, { error: 'This request is malformed.' });
    }
  };

/** The 4xx code of an error that the client caused, such as a path that cannot be decoded. */
function clientErrorCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
