/**
 * Login sessions: a signed cookie, and nothing kept here.
 *
 * What always holds: a session ends 7 days after its login, and when its key changes, which the key
 * does with the password and the secret in the data directory; a restart ends none.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '@zdenergy/core';

const cookieName = 'zdenergy_session';
const lifetimeMs = 7 * 24 * 3_600_000;
/** Enough for cookies of the same name that other programs on this host may have set. */
const maxCandidates = 5;
const secretBytes = 32;

/** The Set-Cookie of a new session. `nowMs` is wall-clock time, since it outlives the process. */
export function sessionCookie(key: Buffer, nowMs: number, isEncrypted: boolean): string {
  const claim = `${nowMs + lifetimeMs}.${randomBytes(12).toString('base64url')}`;
  return cookie(`${claim}.${signature(claim, key)}`, lifetimeMs, isEncrypted);
}

/** The Set-Cookie that makes a browser forget its session. */
export const endedSessionCookie = (isEncrypted: boolean): string => cookie('', 0, isEncrypted);

function cookie(value: string, maxAgeMs: number, isEncrypted: boolean): string {
  const secure = isEncrypted ? '; Secure' : '';
  return `${cookieName}=${value}; Path=/; Max-Age=${maxAgeMs / 1_000}; HttpOnly; SameSite=Lax${secure}`;
}

/** Whether a Cookie header carries a session that has not ended. */
export function hasSession(cookies: string | undefined, key: Buffer, nowMs: number): boolean {
  return (cookies ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${cookieName}=`))
    .slice(0, maxCandidates)
    .some((pair) => isValid(pair.slice(cookieName.length + 1), key, nowMs));
}

function isValid(value: string, key: Buffer, nowMs: number): boolean {
  const match = /^((\d{1,15})\.[\w-]{16})\.([\w-]{43})$/.exec(value);
  if (match === null) return false;
  const [, claim = '', endsAtMs = '', signed = ''] = match;
  const isSigned = timingSafeEqual(Buffer.from(signed), Buffer.from(signature(claim, key)));
  return isSigned && Number(endsAtMs) > nowMs;
}

const signature = (claim: string, key: Buffer): string =>
  createHmac('sha256', key).update(claim).digest('base64url');

/**
 * The secret behind all sessions, from `session.secret` in the data directory, made if need be.
 * @throws the system's error when it can neither be read nor made.
 */
export function sessionSecret(dataDir: string): Buffer {
  const file = join(dataDir, 'session.secret');
  const known = readSecret(file);
  if (known !== undefined) return known;
  const secret = randomBytes(secretBytes);
  // Aside first, so that no half of it is ever found under its name.
  writeFileSync(`${file}.new`, `${secret.toString('hex')}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return secret;
}

/** Undefined when there is none, or none that can be used. */
function readSecret(file: string): Buffer | undefined {
  try {
    const secret = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
    chmodSync(file, 0o600);
    return secret.length === secretBytes ? secret : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
