import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endedSessionCookie, hasSession, sessionCookie, sessionSecret } from '../src/session.js';

const key = randomBytes(32);
const dayMs = 86_400_000;
const nowMs = Date.UTC(2025, 9, 2);
/** What a browser sends back. */
const cookieOf = (setCookie: string): string => setCookie.split(';')[0] ?? '';

describe('a session', () => {
  const cookie = cookieOf(sessionCookie(key, nowMs, false));

  it('is known for seven days', () => {
    expect(hasSession(cookie, key, nowMs)).toBe(true);
    expect(hasSession(cookie, key, nowMs + 7 * dayMs - 1)).toBe(true);
    expect(hasSession(cookie, key, nowMs + 7 * dayMs)).toBe(false);
  });

  it('ends with its key', () => {
    expect(hasSession(cookie, randomBytes(32), nowMs)).toBe(false);
  });

  it('is found among other cookies, also of its own name', () => {
    const stale = cookieOf(sessionCookie(randomBytes(32), nowMs, false));
    expect(hasSession(`a=b; ${stale}; ${cookie}; c`, key, nowMs)).toBe(true);
    expect(hasSession(`x${cookie}`, key, nowMs)).toBe(false);
    expect(hasSession(undefined, key, nowMs)).toBe(false);
  });

  it('cannot be changed at any character', () => {
    const value = cookie.indexOf('=') + 1;
    for (let at = value; at < cookie.length; at += 1) {
      const other = cookie[at] === '1' ? '2' : '1';
      // The last, too, though it carries two bits that no byte holds.
      expect(hasSession(cookie.slice(0, at) + other + cookie.slice(at + 1), key, nowMs)).toBe(
        false,
      );
      expect(hasSession(cookie.slice(0, at), key, nowMs)).toBe(false);
    }
    expect(hasSession(`${cookie}A`, key, nowMs)).toBe(false);
  });

  it('is kept from scripts and foreign pages, and with TLS from plain connections', () => {
    expect(sessionCookie(key, nowMs, false)).toMatch(
      /^zdenergy_session=[\w.-]+; Path=\/; Max-Age=604800; HttpOnly; SameSite=Lax$/,
    );
    expect(sessionCookie(key, nowMs, true)).toMatch(/; Secure$/);
    expect(endedSessionCookie(true)).toBe(
      'zdenergy_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
    );
  });
});

describe('the secret', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zdenergy-session-'));
  const file = join(directory, 'session.secret');
  afterAll(() => rmSync(directory, { recursive: true }));

  it('is made once, for nobody else to read', () => {
    const secret = sessionSecret(directory);
    expect(secret).toHaveLength(32);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(sessionSecret(directory)).toEqual(secret);
    expect(readdirSync(directory)).toEqual(['session.secret']);
  });

  it('is closed to others again when it was opened', () => {
    chmodSync(file, 0o644);
    sessionSecret(directory);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each(['', 'abc', 'ff'.repeat(31), 'not hexadecimal'])(
    'is made anew in place of "%s"',
    (text) => {
      writeFileSync(file, text);
      const secret = sessionSecret(directory);
      expect(secret).toHaveLength(32);
      expect(sessionSecret(directory)).toEqual(secret);
    },
  );

  it('says why when it cannot be made', () => {
    expect(() => sessionSecret(join(directory, 'nowhere'))).toThrow('ENOENT');
  });
});
