/**
 * Who gets in: whoever has the API token or a login session; and, as long as no password is set,
 * clients on this machine's own loopback address.
 *
 * A plain function over one request. What always holds: with a password set, no address is enough to
 * get in; secrets are compared in constant time.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { clientReader, withoutPort, type Visit } from './client.js';

/**
 * `reason`: why not, and what to do or to set, for the person who asked; `why`: its first part, where
 * setting a password is the way in.
 */
export type Admission =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly statusCode: 401; readonly reason: string }
  | {
      readonly admitted: false;
      readonly statusCode: 403;
      readonly why: string;
      readonly reason: string;
    };

export interface AccessRules {
  readonly apiToken: string | undefined;
  /** Addresses and CIDR blocks, already checked. */
  readonly trustProxy: readonly string[];
  /** Whether the request belongs to a login session; undefined: no password is set. */
  readonly hasSession: ((headers: IncomingHttpHeaders) => boolean) | undefined;
}

const admitted: Admission = { admitted: true };
const header = 'the header "Authorization: Bearer API_TOKEN"';

/** The guard for a set of rules; calling it changes nothing. */
export function accessGuard(rules: AccessRules): (visit: Visit) => Admission {
  const { hasSession } = rules;
  const tokenHash = rules.apiToken === undefined ? undefined : sha256(rules.apiToken);
  const logIn: Admission = {
    admitted: false,
    statusCode: 401,
    reason: `Log in at /login, or send the API_TOKEN of zdenergy in ${header}.`,
  };
  const otherwise =
    hasSession === undefined
      ? localClients(rules.trustProxy, tokenHash !== undefined)
      : ({ headers }: Visit): Admission => (hasSession(headers) ? admitted : logIn);
  return (visit) =>
    hasToken(visit.headers.authorization, tokenHash) ? admitted : otherwise(visit);
}

/** Without a password: open to this machine, and told to others how to open it. */
function localClients(
  trustProxy: readonly string[],
  isTokenSet: boolean,
): (visit: Visit) => Admission {
  const clientOf = clientReader(trustProxy);
  const howToGetIn = isTokenSet
    ? `Set ADMIN_PASSWORD for zdenergy to log in with a browser, or send its API_TOKEN in ${header}.`
    : `Set ADMIN_PASSWORD for zdenergy to log in with a browser, or API_TOKEN to send ${header}.`;
  const refuse = (why: string): Admission => ({
    admitted: false,
    statusCode: 403,
    why,
    reason: `${why} ${howToGetIn}`,
  });
  return (visit) => {
    const { isLocal, isVeiled } = clientOf(visit);
    if (isVeiled) {
      return refuse('This request came through a proxy that is not listed in TRUST_PROXY.');
    }
    if (!isLocal) {
      return refuse('This is open only to clients on the machine that zdenergy runs on.');
    }
    if (!isOwnName(visit.headers.host)) {
      return refuse('Open this as localhost or by its address, not by another name.');
    }
    return admitted;
  };
}

/** Comparing hashes takes the same time for any guess, of any length. */
function hasToken(authorization: string | undefined, tokenHash: Buffer | undefined): boolean {
  const given = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1];
  return (
    given !== undefined && tokenHash !== undefined && timingSafeEqual(sha256(given), tokenHash)
  );
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * False for a name that a foreign page may have pointed at this machine (DNS rebinding), which
 * would let it read through the visitor's own browser. Browsers always send Host.
 */
function isOwnName(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = withoutPort(host);
  return isIP(name) !== 0 || /^localhost(?::\d+)?$/i.test(name);
}
