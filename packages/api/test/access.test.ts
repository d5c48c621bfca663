import type { IncomingHttpHeaders } from 'node:http';
import { accessGuard, type AccessRules } from '../src/access.js';

const apiToken = 'a-token-of-some-length';
const bearer = (token: string): IncomingHttpHeaders => ({ authorization: `Bearer ${token}` });

/** Nothing is set. */
const rules: AccessRules = { apiToken: undefined, trustProxy: [], hasSession: undefined };

describe('without API_TOKEN', () => {
  const rows: [
    what: string,
    peer: string | undefined,
    headers: IncomingHttpHeaders,
    trustProxy: string[],
    admitted: boolean,
  ][] = [
    ['loopback', '127.0.0.1', {}, [], true],
    ['any loopback', '127.8.9.1', {}, [], true],
    ['IPv6 loopback', '::1', {}, [], true],
    ['mapped loopback', '::ffff:127.0.0.1', {}, [], true],
    ['the local network', '192.168.1.20', {}, [], false],
    ['mapped remote', '::ffff:192.168.1.20', {}, [], false],
    ['IPv6 remote', '2001:db8::1', {}, [], false],
    ['the unspecified address', '::', {}, [], false],
    ['a socket that is gone', undefined, {}, [], false],
    ['a token, where none is set', '192.168.1.20', bearer('undefined'), [], false],

    ['forwarded to loopback', '127.0.0.1', { 'x-forwarded-for': '203.0.113.9' }, [], false],
    ['claiming loopback', '127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, [], false],
    ['an empty X-Forwarded-For', '127.0.0.1', { 'x-forwarded-for': '' }, [], false],
    ['Forwarded', '127.0.0.1', { forwarded: 'for=127.0.0.1' }, [], false],
    ['X-Real-IP', '127.0.0.1', { 'x-real-ip': '127.0.0.1' }, [], false],
    ['Via', '127.0.0.1', { via: '1.1 proxy' }, [], false],
    ['X-Forwarded-Proto alone', '127.0.0.1', { 'x-forwarded-proto': 'https' }, [], false],
    ['no address from a proxy', '10.0.0.2', { via: '1.1 proxy' }, ['10.0.0.2'], false],
    ['remote claiming loopback', '203.0.113.9', { 'x-forwarded-for': '127.0.0.1' }, [], false],

    // The loopback address of a proxy elsewhere, or a host there that only claims to be one.
    ['proxy for loopback', '10.0.0.2', { 'x-forwarded-for': '127.0.0.1' }, ['10.0.0.2'], false],
    ['a network for loopback', '10.0.0.9', { 'x-forwarded-for': '::1' }, ['10.0.0.0/8'], false],
    ['proxy for remote', '10.0.0.2', { 'x-forwarded-for': '203.0.113.9' }, ['10.0.0.2'], false],
    [
      'proxy for a liar',
      '10.0.0.2',
      { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' },
      ['10.0.0.2'],
      false,
    ],
    [
      'two proxies for loopback',
      '10.0.0.2',
      { 'x-forwarded-for': '127.0.0.1, 10.0.0.3' },
      ['10.0.0.0/8'],
      false,
    ],
    [
      'a proxy elsewhere for loopback, through one here',
      '127.0.0.1',
      { 'x-forwarded-for': '127.0.0.1, 10.0.0.3' },
      ['10.0.0.0/8', '127.0.0.1'],
      false,
    ],
    [
      'two proxies here for loopback',
      '::1',
      { 'x-forwarded-for': '127.0.0.1, 127.0.0.2' },
      ['127.0.0.0/8', '::1'],
      true,
    ],
    [
      'a proxy here for a liar',
      '127.0.0.1',
      { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' },
      ['127.0.0.1'],
      false,
    ],
    ['a proxy here that names nobody', '127.0.0.1', { via: '1.1 proxy' }, ['127.0.0.1'], false],
    [
      'two proxies for remote',
      '::ffff:10.0.0.2',
      { 'x-forwarded-for': '127.0.0.1, 203.0.113.9, 10.0.0.3' },
      ['10.0.0.0/8'],
      false,
    ],
    [
      'a proxy on loopback, for loopback',
      '127.0.0.1',
      { 'x-forwarded-for': '::1' },
      ['127.0.0.1'],
      true,
    ],
    [
      'only proxies in the chain',
      '127.0.0.1',
      { 'x-forwarded-for': '127.0.0.1' },
      ['127.0.0.1'],
      true,
    ],
    ['with ports', '::1', { 'x-forwarded-for': '[::1]:5123, 127.0.0.1:80' }, ['::1'], true],
    ['nonsense', '10.0.0.2', { 'x-forwarded-for': 'unknown' }, ['10.0.0.2'], false],
    [
      'nonsense on the right',
      '10.0.0.2',
      { 'x-forwarded-for': '127.0.0.1, 127.0.0.1x' },
      ['10.0.0.2'],
      false,
    ],
    ['Forwarded by a proxy', '10.0.0.2', { forwarded: 'for=127.0.0.1' }, ['10.0.0.2'], false],
    ['the proxy itself', '127.0.0.1', {}, ['127.0.0.1'], true],
    ['a proxy elsewhere itself', '10.0.0.2', {}, ['10.0.0.2'], false],

    ['Host localhost', '127.0.0.1', { host: 'localhost:5000' }, [], true],
    ['Host LOCALHOST', '127.0.0.1', { host: 'LOCALHOST' }, [], true],
    ['Host an address', '127.0.0.1', { host: '127.0.0.1:5000' }, [], true],
    ['Host an IPv6 address', '::1', { host: '[::1]:5000' }, [], true],
    ['Host a foreign name', '127.0.0.1', { host: 'rebind.example:5000' }, [], false],
    ['Host like localhost', '127.0.0.1', { host: 'localhost.evil.example' }, [], false],
    ['Host like an address', '127.0.0.1', { host: '127.0.0.1.evil.example' }, [], false],
    ['Host empty', '127.0.0.1', { host: '' }, [], false],
  ];

  it.each(rows)('%s from %s', (_what, peerAddress, headers, trustProxy, admitted) => {
    const guard = accessGuard({ ...rules, trustProxy });
    expect(guard({ peerAddress, headers }).admitted).toBe(admitted);
  });

  it('tells what to set, and what is wrong', () => {
    const guard = accessGuard(rules);
    expect(guard({ peerAddress: '192.168.1.20', headers: {} })).toEqual({
      admitted: false,
      statusCode: 403,
      why: expect.stringContaining('This ') as string,
      reason: expect.stringMatching(
        /only to clients on the machine.*Set ADMIN_PASSWORD .* or API_TOKEN/,
      ),
    });
    const forwarded = { 'x-forwarded-for': '127.0.0.1' };
    expect(guard({ peerAddress: '127.0.0.1', headers: forwarded })).toEqual({
      admitted: false,
      statusCode: 403,
      why: expect.stringContaining('This ') as string,
      reason: expect.stringContaining('TRUST_PROXY'),
    });
  });
});

describe('with API_TOKEN', () => {
  const guard = accessGuard({ ...rules, apiToken });
  const rows: [what: string, peer: string, headers: IncomingHttpHeaders, admitted: boolean][] = [
    ['the token, from anywhere', '203.0.113.9', bearer(apiToken), true],
    [
      'the token, through any proxy',
      '127.0.0.1',
      { ...bearer(apiToken), 'x-forwarded-for': '203.0.113.9' },
      true,
    ],
    [
      'the token, under any name',
      '127.0.0.1',
      { ...bearer(apiToken), host: 'zdenergy.example' },
      true,
    ],
    ['bearer in small letters', '203.0.113.9', { authorization: `bearer ${apiToken}` }, true],
    ['no token', '203.0.113.9', {}, false],
    ['a wrong token', '203.0.113.9', bearer(`${apiToken}x`), false],
    ['a part of it', '203.0.113.9', bearer(apiToken.slice(0, -1)), false],
    ['an empty token', '203.0.113.9', { authorization: 'Bearer ' }, false],
    ['another scheme', '203.0.113.9', { authorization: `Basic ${apiToken}` }, false],
    ['no scheme', '203.0.113.9', { authorization: apiToken }, false],
    ['loopback without it', '127.0.0.1', {}, true],
  ];

  it.each(rows)('%s from %s', (_what, peerAddress, headers, admitted) => {
    expect(guard({ peerAddress, headers }).admitted).toBe(admitted);
  });

  it('takes a token with spaces, and never says what it is', () => {
    const spaced = accessGuard({ ...rules, apiToken: 'four words of token' });
    const headers = bearer('four words of token');
    expect(spaced({ peerAddress: '203.0.113.9', headers }).admitted).toBe(true);
    const refusal = guard({ peerAddress: '203.0.113.9', headers });
    expect(JSON.stringify(refusal)).not.toContain(apiToken);
    expect(JSON.stringify(refusal)).toContain('Authorization: Bearer');
  });
});

describe('with ADMIN_PASSWORD', () => {
  const guard = accessGuard({
    ...rules,
    apiToken,
    trustProxy: ['127.0.0.1'],
    hasSession: ({ cookie }) => cookie === 'session',
  });
  const logIn = { admitted: false, statusCode: 401, reason: expect.stringContaining('/login') };
  const rows: [what: string, peer: string, headers: IncomingHttpHeaders, admission: object][] = [
    ['loopback', '127.0.0.1', {}, logIn],
    ['a proxy on loopback', '127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, logIn],
    ['a session', '203.0.113.9', { cookie: 'session' }, { admitted: true }],
    ['a session, by name', '::1', { cookie: 'session', host: 'a.example' }, { admitted: true }],
    ['another session', '127.0.0.1', { cookie: 'another' }, logIn],
    ['the token', '203.0.113.9', bearer(apiToken), { admitted: true }],
    ['a wrong token', '127.0.0.1', bearer(`${apiToken}x`), logIn],
  ];
  it.each(rows)('%s from %s', (_what, peerAddress, headers, admission) => {
    expect(guard({ peerAddress, headers })).toEqual(admission);
  });
});
