/**
 * Who is at the other end of a request, as far as it can be known.
 *
 * A plain function over the socket's address and the headers. What always holds: nothing that a
 * client can write into a header makes it count as local, not even through a trusted peer elsewhere;
 * forwarding headers are believed only from peers listed in TRUST_PROXY.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { addressList, type AddressList } from '@zdenergy/core';

export interface Visit {
  /** The address at the other end of the socket; undefined when it is already gone. */
  readonly peerAddress: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export const visitOf = ({ headers, socket }: IncomingMessage): Visit => ({
  peerAddress: socket.remoteAddress,
  headers,
});

export interface Client {
  /** It is on the machine that zdenergy runs on. */
  readonly isLocal: boolean;
  /** It came through a proxy that TRUST_PROXY does not list. */
  readonly isVeiled: boolean;
  /** What its requests are counted under: its address, or, if unknown, its proxy's; of IPv6, the network. */
  readonly countedAs: string;
  /** The trusted proxy it came through, counted likewise; undefined: it came through none. */
  readonly proxyCountedAs: string | undefined;
  /** It speaks TLS with its proxy. */
  readonly isEncrypted: boolean;
  /** The host, with its port, that it believes it speaks to. */
  readonly host: string | undefined;
}

const loopback = addressList(['127.0.0.0/8', '::1']);

/** Proxies add these, each its own choice; a request with any of them was not sent by its peer. */
const forwardingHeaders = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];

/** Tells clients by the proxies to trust: addresses and CIDR blocks, already checked. */
export function clientReader(trustProxy: readonly string[]): (visit: Visit) => Client {
  const proxies = addressList(trustProxy);
  return ({ peerAddress, headers }) => {
    const isForwarded = forwardingHeaders.some((name) => headers[name] !== undefined);
    const isTrusted = isForwarded && proxies.includes(peerAddress);
    const chain = isTrusted ? forwardedChain(headers) : [];
    const address = isForwarded ? clientOfChain(chain, proxies) : peerAddress;
    const isKnown = address !== undefined && isIP(address) !== 0;
    const forwarded = (name: string): string | undefined =>
      isTrusted ? firstOf(headers[name]) : undefined;
    return {
      // Who asks a proxy elsewhere from its loopback address is not on this machine.
      isLocal: loopback.includes(peerAddress) && (!isForwarded || isAllLoopback(chain)),
      isVeiled: isForwarded && !isTrusted,
      countedAs: networkOf((isKnown ? address : peerAddress) ?? 'unknown'),
      proxyCountedAs: isTrusted ? networkOf(peerAddress ?? 'unknown') : undefined,
      isEncrypted: forwarded('x-forwarded-proto') === 'https',
      host: forwarded('x-forwarded-host') ?? headers.host,
    };
  };
}

/** The addresses of X-Forwarded-For: each proxy has added the one it was asked from on the right. */
function forwardedChain(headers: IncomingHttpHeaders): string[] {
  const forwardedFor = headers['x-forwarded-for'];
  if (forwardedFor === undefined) return [];
  return [forwardedFor].flat().join(',').split(',').map(withoutPort);
}

/** The first from the right that is no proxy; undefined when it cannot be known. */
const clientOfChain = (chain: readonly string[], proxies: AddressList): string | undefined =>
  chain.findLast((address) => !proxies.includes(address)) ?? chain[0];

const isAllLoopback = (chain: readonly string[]): boolean =>
  chain.length > 0 && chain.every((address) => loopback.includes(address));

/** The first of a list, which is what the proxy nearest to the client wrote. */
const firstOf = (header: string | string[] | undefined): string | undefined =>
  [header].flat()[0]?.split(',')[0]?.trim();

/** `192.0.2.7:1234` and `[2001:db8::1]:1234` as plain addresses; what is neither, as it is. */
export function withoutPort(entry: string): string {
  const text = entry.trim();
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1];
  if (bracketed !== undefined) return bracketed;
  return /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

/** An IPv6 address as its /64, which one client has all of; an IPv4 one, also mapped, as it is. */
function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail = ''] = address.split('::').map((part) => part.split('%')[0]);
  const [left, right] = [head, tail].map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`;
}
