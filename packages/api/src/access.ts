/**
 * Who gets in: clients with the API token, and clients on this machine's own loopback address.
 *
 * A plain function over one request's address and headers. What always holds: nothing that a
 * client can write into a header makes it count as local; forwarding headers are believed only
 * from peers listed in TRUST_PROXY; secrets are compared in constant time.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { addressList, type AddressList } from '@zdenergy/core';

export interface Visit {
  /** The address at the other end of the socket; undefined when it is already gone. */
  readonly peerAddress: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** `reason`: why not, and what to set, for the person who asked. */
export type Admission =
  { readonly admitted: true } | { readonly admitted: false; readonly reason: string };

export interface AccessRules {
  readonly apiToken: string | undefined;
  /** Addresses and CIDR blocks, already checked. */
  readonly trustProxy: readonly string[];
}

const loopback = addressList(['127.0.0.0/8', '::1']);
const admitted: Admission = { admitted: true };

/** The guard for a set of rules; calling it changes nothing. */
export function accessGuard(rules: AccessRules): (visit: Visit) => Admission {
  const proxies = addressList(rules.trustProxy);
  const tokenHash = rules.apiToken === undefined ? undefined : sha256(rules.apiToken);
  const howToGetIn =
    tokenHash === undefined
      ? 'Set API_TOKEN for zdenergy and send it in the header "Authorization: Bearer API_TOKEN".'
      : 'Send the API_TOKEN of zdenergy in the header "Authorization: Bearer API_TOKEN".';
  const refuse = (why: string): Admission => ({ admitted: false, reason: `${why} ${howToGetIn}` });

  return (visit) => {
    if (hasToken(visit.headers.authorization, tokenHash)) return admitted;
    if (!loopback.includes(clientAddress(visit, proxies))) {
      return refuse(
        isForwarded(visit.headers) && !proxies.includes(visit.peerAddress)
          ? 'This request came through a proxy that is not listed in TRUST_PROXY.'
          : 'This is open only to clients on the machine that zdenergy runs on.',
      );
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

const isForwarded = (headers: IncomingHttpHeaders): boolean =>
  headers['forwarded'] !== undefined || headers['x-forwarded-for'] !== undefined;

/**
 * The client's address, or undefined when it cannot be known. Each trusted proxy has added the
 * address it was asked from on the right, so the client is the first from there that is no proxy.
 */
function clientAddress({ peerAddress, headers }: Visit, proxies: AddressList): string | undefined {
  if (!isForwarded(headers)) return peerAddress;
  const forwardedFor = headers['x-forwarded-for'];
  if (forwardedFor === undefined || !proxies.includes(peerAddress)) return undefined;
  const chain = [forwardedFor].flat().join(',').split(',').map(withoutPort);
  return chain.findLast((address) => !proxies.includes(address)) ?? chain[0];
}

/** `192.0.2.7:1234` and `[2001:db8::1]:1234` as plain addresses; what is neither, as it is. */
function withoutPort(entry: string): string {
  const text = entry.trim();
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1];
  if (bracketed !== undefined) return bracketed;
  return /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

/**
 * False for a name that a foreign page may have pointed at this machine (DNS rebinding), which
 * would let it read through the visitor's own browser. Browsers always send Host.
 */
function isOwnName(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = withoutPort(host);
  return isIP(name) !== 0 || /^localhost(?::\d+)?$/i.test(name);
}
