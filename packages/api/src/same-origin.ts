/**
 * Whether a request that changes something was sent by a foreign page in the visitor's browser.
 *
 * A plain function over method and headers. What always holds: a browser that says where a request
 * comes from is believed, for pages cannot write these headers; what is no browser says nothing,
 * and nobody can make it send a request.
 */
import type { IncomingHttpHeaders } from 'node:http';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** `host`: the host, with its port, that the client believes it speaks to. */
export function isFromForeignPage(
  method: string | undefined,
  headers: IncomingHttpHeaders,
  host: string | undefined,
): boolean {
  if (safeMethods.has(method ?? '')) return false;
  const site = headers['sec-fetch-site'];
  // Browsers leave it out over plain HTTP, and `none` is a person's own doing.
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return headers.origin !== undefined && !isOrigin(headers.origin, host);
}

/** False also for `null`, which is what a page sends that hides where it comes from. */
function isOrigin(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin) || host === undefined) return false;
  const { protocol, host: originHost } = new URL(origin);
  // Parsed alike, so that a port that goes without saying makes no difference.
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === originHost;
}
