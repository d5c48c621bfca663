/**
 * Everything over HTTP but health: the security headers, the limits, the guard, the routes, the errors.
 *
 * What always holds: the guard stands before every route but the login, also before those that do not
 * exist; nothing is cached but the files of the page; an error tells the client no stack and no inside of zdenergy.
 */
import type { IncomingMessage } from 'node:http';
import { describeError, type Logger } from '@zdenergy/core';
import express, {
  type ErrorRequestHandler,
  type Express,
  type RequestHandler,
  type Router,
} from 'express';
import helmet from 'helmet';
import type { Admission } from './access.js';
import { refuseMethod, sendJson } from './answers.js';
import { visitOf, type Client, type Visit } from './client.js';
import { compressAnswers, dashboard } from './dashboard.js';
import { localPath } from './local-path.js';
import { wantsPage, type Login } from './login.js';
import { plainStyleSource } from './plain-page.js';
import { protectedPage } from './protected-page.js';
import { RateLimit } from './rate-limit.js';
import { BodyRefused } from './request-body.js';
import { isFromForeignPage } from './same-origin.js';
import { statusStyleSource } from './status-page.js';

/** Ten a second: more than a page and a script of each kind need. Clients on this machine are not counted. */
const requestsPerMinute = 600;
/**
 * Of all who come through one proxy: ten busy clients. A host that TRUST_PROXY lists without being a
 * proxy could name another client in each request.
 */
const requestsPerMinuteOfProxy = 6_000;
/** Some 5 KB each at the most. */
const maxCountedClients = 2_000;
/** Some 50 KB each at the most. */
const maxCountedProxies = 100;

export interface AppParts {
  readonly admit: (visit: Visit) => Admission;
  readonly clientOf: (request: IncomingMessage) => Client;
  /** Undefined when no password is set. */
  readonly login: Login | undefined;
  readonly about: () => unknown;
  readonly stats: () => unknown;
  readonly metrics: RequestHandler;
  readonly stream: RequestHandler;
  /** The routes that answer from what is stored. */
  readonly stored: Router;
  /** Where the build of the page at `/` is, if there is one. */
  readonly dashboardDir: string;
  /** The page at `/` while there is no build, as HTML. */
  readonly page: () => string;
  readonly logger: Logger;
}

export function createApp({
  admit,
  clientOf,
  login,
  about,
  stats,
  metrics,
  stream,
  stored,
  dashboardDir,
  page,
  logger,
}: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(
    securityHeaders,
    neverCached,
    compressAnswers,
    limitRequests(clientOf),
    refuseForeignPages(clientOf),
  );
  if (login !== undefined) app.use(login.routes);
  app.use(guard(admit));
  app
    .route('/api/about')
    .get((_request, response) => sendJson(response, 200, about()))
    .all(refuseMethod('GET, HEAD'));
  app.route('/api/stream').get(stream).all(refuseMethod('GET, HEAD'));
  app
    .route('/api/stats')
    .get((_request, response) => sendJson(response, 200, stats()))
    .all(refuseMethod('GET, HEAD'));
  app.route('/metrics').get(metrics).all(refuseMethod('GET, HEAD'));
  app.use(dashboard(dashboardDir));
  app
    .route('/')
    .get((_request, response) => void response.type('html').send(page()))
    .all(refuseMethod('GET, HEAD'));
  app.use(stored);
  app.use((_request, response) => sendJson(response, 404, { error: 'There is nothing here.' }));
  app.use(answerError(logger));
  return app;
}

/**
 * Served over plain HTTP on a local network, where a browser told to insist on HTTPS finds nothing.
 * A page may load what comes from here, and nothing else. The dashboard needs no inline style: what a
 * script sets on an element's `style` is no style sheet to a browser.
 */
const securityHeaders = helmet({
  strictTransportSecurity: false,
  // With none at all, browsers hide the origin of our own forms, too.
  referrerPolicy: { policy: 'same-origin' },
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      styleSrc: ["'self'", plainStyleSource, statusStyleSource],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
});

const neverCached: RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};

function limitRequests(clientOf: AppParts['clientOf']): RequestHandler {
  const ofClients = new RateLimit(requestsPerMinute, 60_000, maxCountedClients);
  const ofProxies = new RateLimit(requestsPerMinuteOfProxy, 60_000, maxCountedProxies);
  return (request, response, next) => {
    const { isLocal, countedAs, proxyCountedAs } = clientOf(request);
    const nowMs = performance.now();
    const clientWaitMs = isLocal ? 0 : ofClients.take(countedAs, nowMs);
    const isDue = !isLocal && clientWaitMs === 0 && proxyCountedAs !== undefined;
    const proxyWaitMs = isDue ? ofProxies.take(proxyCountedAs, nowMs) : 0;
    if (clientWaitMs + proxyWaitMs === 0) {
      next();
      return;
    }
    response.setHeader('Retry-After', Math.ceil((clientWaitMs + proxyWaitMs) / 1_000));
    const most =
      clientWaitMs > 0
        ? `At most ${requestsPerMinute} requests a minute, please.`
        : `At most ${requestsPerMinuteOfProxy} requests a minute through one proxy, please.`;
    sendJson(response, 429, { error: most });
  };
}

const refuseForeignPages =
  (clientOf: AppParts['clientOf']): RequestHandler =>
  (request, response, next) => {
    const { host } = clientOf(request);
    if (!isFromForeignPage(request.method, request.headers, host)) next();
    else sendJson(response, 403, { error: foreignPage });
  };

const foreignPage =
  'This request was sent by a page of another origin. Behind a reverse proxy, let it pass the ' +
  'Host header on, or list its address in TRUST_PROXY and let it send X-Forwarded-Host.';

const guard =
  (admit: AppParts['admit']): RequestHandler =>
  (request, response, next) => {
    const admission = admit(visitOf(request));
    if (admission.admitted) {
      next();
    } else if (admission.statusCode === 401 && wantsPage(request)) {
      const target = localPath(request.originalUrl);
      const query = target === '/' ? '' : `?next=${encodeURIComponent(target)}`;
      response.redirect(303, `/login${query}`);
    } else if (admission.statusCode === 403 && wantsPage(request)) {
      response.status(403).type('html').send(protectedPage(admission.why));
    } else {
      if (admission.statusCode === 401) response.setHeader('WWW-Authenticate', 'Bearer');
      sendJson(response, admission.statusCode, { error: admission.reason });
    }
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
      const reason = error instanceof BodyRefused ? error.message : 'This request is malformed.';
      sendJson(response, statusCode, { error: reason });
    }
  };

/** The 4xx code of an error that the client caused, such as a path that cannot be decoded. */
function clientErrorCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
