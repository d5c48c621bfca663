/**
 * Logging in and out: `/login` and `/logout`, by form for people and by JSON for programs.
 *
 * What always holds: a client has 5 tries a minute, counted before the body is read, and all who come
 * through one proxy 100; neither the log nor an answer repeats a password.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { describeError, type Logger } from '@zdenergy/core';
import express, { type Request, type Response, type Router } from 'express';
import { refuseMethod, sendJson } from './answers.js';
import type { Client } from './client.js';
import { localPath } from './local-path.js';
import { loginPage } from './login-page.js';
import { PasswordCheck } from './password-check.js';
import { RateLimit } from './rate-limit.js';
import { BodyRefused, readFields } from './request-body.js';
import { endedSessionCookie, hasSession, sessionCookie, sessionSecret } from './session.js';

/** From reliability: tries a minute and address. */
const triesPerMinute = 5;
/**
 * Of all who come through one proxy. A host that TRUST_PROXY lists without being a proxy could name
 * another client with each guess.
 */
const triesPerMinuteOfProxy = 100;
/** Some 100 bytes each. */
const maxClients = 10_000;

export interface Login {
  readonly routes: Router;
  readonly hasSession: (headers: IncomingHttpHeaders) => boolean;
}

export interface LoginParts {
  readonly password: string;
  readonly dataDir: string;
  readonly clientOf: (request: IncomingMessage) => Client;
  readonly logger: Logger;
}

export async function createLogin({
  password,
  dataDir,
  clientOf,
  logger,
}: LoginParts): Promise<Login> {
  const check = await PasswordCheck.create(password, secretOf(dataDir, logger));
  const ofClients = new RateLimit(triesPerMinute, 60_000, maxClients);
  const ofProxies = new RateLimit(triesPerMinuteOfProxy, 60_000, maxClients);
  const isLoggedIn = ({ cookie }: IncomingHttpHeaders): boolean =>
    hasSession(cookie, check.signingKey, Date.now());

  const limitTries = (request: Request, response: Response, next: () => void): void => {
    const { countedAs, proxyCountedAs } = clientOf(request);
    const nowMs = performance.now();
    const clientWaitMs = ofClients.take(countedAs, nowMs);
    const waitMs =
      clientWaitMs > 0 || proxyCountedAs === undefined
        ? clientWaitMs
        : ofProxies.take(proxyCountedAs, nowMs);
    if (waitMs === 0) {
      next();
      return;
    }
    logger.debug(`A login from ${countedAs} had to wait`);
    const waitSeconds = Math.ceil(waitMs / 1_000);
    response.setHeader('Retry-After', waitSeconds);
    refuse(request, response, 429, `Too many tries. Try again in ${waitSeconds} s.`);
  };

  const logIn = async (request: Request, response: Response): Promise<void> => {
    const fields = await readFields(request);
    const next = localPath(fields.get('next'));
    const guess = fields.get('password');
    if (guess === undefined) throw new BodyRefused(400, 'password is missing.');
    const client = clientOf(request);
    const verdict = await check.matches(guess);
    if (verdict === 'busy') {
      response.setHeader('Retry-After', 1);
      refuse(request, response, 503, 'Too many logins at once. Try again.', next);
    } else if (!verdict) {
      logger.warning(`A login from ${client.countedAs} failed: the password was wrong`);
      refuse(request, response, 401, 'The password is wrong.', next);
    } else {
      logger.info(`Logged in from ${client.countedAs}`);
      // Several people behind one address, or one with several browsers, are no guessers.
      ofClients.clear(client.countedAs);
      const cookie = sessionCookie(check.signingKey, Date.now(), client.isEncrypted);
      response.setHeader('Set-Cookie', cookie);
      succeed(request, response, next);
    }
  };

  const routes = express.Router();
  routes
    .route('/login')
    .get((request, response) => {
      const next = localPath(request.query['next']);
      if (isLoggedIn(request.headers)) response.redirect(303, next);
      else sendPage(response, 200, loginPage(next));
    })
    .post(limitTries, logIn)
    .all(refuseMethod('GET, HEAD, POST'));
  routes
    .route('/logout')
    .post((request, response) => {
      response.setHeader('Set-Cookie', endedSessionCookie(clientOf(request).isEncrypted));
      succeed(request, response, '/login');
    })
    .all(refuseMethod('POST'));
  return { routes, hasSession: isLoggedIn };
}

/** A program that asks for no page gets JSON. */
export const wantsPage = (request: Request): boolean =>
  request.accepts(['json', 'html']) === 'html';

function succeed(request: Request, response: Response, next: string): void {
  if (wantsPage(request)) response.redirect(303, next);
  else sendJson(response, 200, { ok: true });
}

function refuse(
  request: Request,
  response: Response,
  statusCode: number,
  reason: string,
  next = '/',
): void {
  if (wantsPage(request)) sendPage(response, statusCode, loginPage(next, reason));
  else sendJson(response, statusCode, { error: reason });
}

function sendPage(response: Response, statusCode: number, page: string): void {
  response.status(statusCode).type('html').send(page);
}

/** A disk that is full is no reason to lock people out: then sessions end with this process. */
function secretOf(dataDir: string, logger: Logger): Buffer {
  try {
    return sessionSecret(dataDir);
  } catch (error) {
    logger.warning(`Logins end at the next restart: ${describeError(error)}`);
    return randomBytes(32);
  }
}
