/** What strangers may send: raw bytes on real sockets, to a worker that asks for a password. */
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchange, parseAnswer, request, runApi } from './running-api.js';
import type { RunningApi } from './running-api.js';

const dataDir = mkdtempSync(join(tmpdir(), 'zdenergy-hostile-'));
const password = 'correct horse battery';
const apiToken = 'a-token-of-some-length';
const databasePassword = 'database-secret';
const environment = {
  ADMIN_PASSWORD: password,
  API_TOKEN: apiToken,
  DATA_DIR: dataDir,
  DATABASE_URL: `postgres://zdenergy:${databasePassword}@127.0.0.1:1/zdenergy`,
  LOG_LEVEL: 'debug',
  TRUST_PROXY: '127.0.0.1',
};
let api: RunningApi;

beforeAll(async () => {
  api = await runApi(environment);
});
afterAll(async () => {
  await api.stop(1_000);
  rmSync(dataDir, { recursive: true });
});

const lines = (...text: string[]): string => [...text, '', ''].join('\r\n');
const post = (...headers: string[]): string => lines('POST /login HTTP/1.1', 'Host: x', ...headers);
const answersIn = (received: string): number => received.split('HTTP/1.1 ').length - 1;

describe('nonsense is refused in JSON, and the connection ended', () => {
  const rows: [what: string, text: string, status: number][] = [
    ['a method that is none', lines('BREW / HTTP/1.1', 'Host: x'), 400],
    ['a method in small letters', lines('get / HTTP/1.1', 'Host: x'), 400],
    ['no path', lines('GET HTTP/1.1', 'Host: x'), 400],
    ['a control character in the path', lines('GET /\x01 HTTP/1.1', 'Host: x'), 400],
    ['HTTP of another century', lines('GET / HTTP/9.9', 'Host: x'), 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a giant path', lines(`GET /${'x'.repeat(100_000)} HTTP/1.1`, 'Host: x'), 431],
    ['a giant header', lines('GET / HTTP/1.1', 'Host: x', `X: ${'x'.repeat(100_000)}`), 431],
    [
      'very many headers',
      lines('GET / HTTP/1.1', 'Host: x', ...Array<string>(20_000).fill('X: y')),
      431,
    ],
    [
      'a length and chunks',
      `${post('Content-Length: 3', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      400,
    ],
    [
      'chunks and a length',
      `${post('Transfer-Encoding: chunked', 'Content-Length: 3')}0\r\n\r\n`,
      400,
    ],
    ['two lengths', `${post('Content-Length: 1', 'Content-Length: 2')}xx`, 400],
    ['a negative length', post('Content-Length: -1'), 400],
    ['a length with a sign', `${post('Content-Length: +1')}x`, 400],
    ['a hexadecimal length', `${post('Content-Length: 0x1')}x`, 400],
    ['an endless length', post(`Content-Length: ${'9'.repeat(30)}`), 400],
    ['an unknown coding', `${post('Transfer-Encoding: xchunked')}0\r\n\r\n`, 400],
    ['a coding after chunked', `${post('Transfer-Encoding: chunked, identity')}0\r\n\r\n`, 400],
    ['a space before the colon', `${post('Transfer-Encoding : chunked')}0\r\n\r\n`, 400],
    ['a folded header', lines('GET / HTTP/1.1', 'Host: x', 'X: a', '\tb\x00'), 400],
    ['a NUL in a header', lines('GET / HTTP/1.1', 'Host: x', 'X: a\x00b'), 400],
    ['a lone LF in a header', lines('GET / HTTP/1.1', 'Host: x', 'X: a\nY: b'), 400],
    ['a chunk of no size', `${post('Transfer-Encoding: chunked')}x\r\n`, 400],
    ['a chunk of endless size', `${post('Transfer-Encoding: chunked')}${'f'.repeat(20)}\r\n`, 400],
  ];
  it.each(rows)('%s', async (_what, text, status) => {
    const received = await exchange(api.port, text);
    const answer = parseAnswer(received);
    expect(answersIn(received)).toBe(1);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String) });
    expect(answer.body).not.toMatch(/Parse Error|HPE_|\.js:/);
  });
});

it('a second request hidden in a body is not answered', async () => {
  const hidden = lines('GET /api/health HTTP/1.1', 'Host: x');
  const last = lines('GET /last HTTP/1.1', 'Host: x', 'Connection: close');
  for (const head of [
    lines('GET /api/stats HTTP/1.1', 'Host: x', `Content-Length: ${hidden.length}`),
    lines('POST /api/stats HTTP/1.1', 'Host: x', `Content-Length: ${hidden.length}`),
    lines('POST /api/health HTTP/1.1', 'Host: x', `Content-Length: ${hidden.length}`),
  ]) {
    const received = await exchange(api.port, head + hidden + last);
    expect(answersIn(received)).toBe(2);
    expect(received).not.toContain('tcp_server');
  }
});

it.each(['TRACE', 'PROPFIND', 'OPTIONS', 'PUT', 'DELETE'])('%s gets no further', async (method) => {
  const answer = parseAnswer(await request(api.port, `${method} /api/stats`));
  expect(answer.status).toBe(401);
  expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
});

it('a request without Host is refused', async () => {
  const { status, headers } = parseAnswer(await exchange(api.port, lines('GET / HTTP/1.1')));
  expect(status).toBe(400);
  expect(headers['connection']).toBe('close');
});

it('CONNECT and Upgrade open nothing', async () => {
  const connect = lines('CONNECT 127.0.0.1:5432 HTTP/1.1', 'Host: 127.0.0.1:5432');
  expect(await exchange(api.port, connect)).not.toMatch(/^HTTP\/1\.1 2/);
  const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: eA=='];
  expect(parseAnswer(await request(api.port, 'GET /', upgrade)).status).toBe(401);
});

it.each([
  ['/api/stats', 'Transfer-Encoding: chunked', 401],
  ['/api/health', 'Transfer-Encoding: chunked', 405],
  ['/login', `Content-Length: ${10 ** 12}`, 413],
  ['/login', 'Transfer-Encoding: chunked', 413],
])('an endless body to %s is answered and cut off (%s)', async (path, sent, status) => {
  const socket = net.connect(api.port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => (received += text));
  // The end of a connection that is being written to shows as an error.
  socket.on('error', () => undefined);
  const started = performance.now();
  socket.write(lines(`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', sent));
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const flood = setInterval(() => socket.writable && socket.write(chunk), 5);
  await new Promise((resolve) => socket.on('close', resolve));
  clearInterval(flood);
  expect(parseAnswer(received).status).toBe(status);
  expect(performance.now() - started).toBeLessThan(5_000);
});

it('at most 600 requests a minute are served to a client, and its neighbours notice nothing', async () => {
  const one = (client: string, last: boolean): string =>
    lines(
      'GET /login HTTP/1.1',
      'Host: x',
      `X-Forwarded-For: ${client}`,
      ...(last ? ['Connection: close'] : []),
    );
  const many = Array.from({ length: 650 }, (_, n) => one('203.0.113.9', n === 649)).join('');
  const received = await exchange(api.port, many);
  expect(received.split('HTTP/1.1 200').length - 1).toBe(600);
  expect(received.split('HTTP/1.1 429').length - 1).toBe(50);
  expect(received).toMatch(/\r\nRetry-After: (60|[1-5]\d)\r\n/i);
  expect(await exchange(api.port, one('203.0.113.10', true))).toContain('HTTP/1.1 200');
  const health = parseAnswer(
    await request(api.port, 'GET /api/health', ['X-Forwarded-For: 203.0.113.9']),
  );
  expect(health.body).toContain('tcp_server');
});

it('at most 6,000 requests a minute are served through a proxy, whatever clients it names', async () => {
  const forged = await runApi(environment);
  const one = (n: number): string =>
    lines('GET /login HTTP/1.1', 'Host: x', `X-Forwarded-For: 198.51.${n >> 8}.${n & 255}`);
  const all = Array.from({ length: 6_000 }, (_, n) => one(n)).join('');
  const last = lines(
    'GET /login HTTP/1.1',
    'Host: x',
    'X-Forwarded-For: 127.0.0.1, 198.51.100.1',
    'Connection: close',
  );
  const received = await exchange(forged.port, all + last);
  expect(received.split('HTTP/1.1 200').length - 1).toBe(6_000);
  expect(received.slice(received.lastIndexOf('HTTP/1.1 '))).toContain('through one proxy');
  await forged.stop(1_000);
});

it('one address can hold half of the connections at most, and others get in', async () => {
  const hold = (): Promise<net.Socket> =>
    new Promise((resolve) => {
      const socket = net.connect({ port: api.port, host: '127.0.0.1', localAddress: '127.0.0.7' });
      socket.on('error', () => undefined).resume();
      socket.once('connect', () => resolve(socket));
    });
  const held = await Promise.all(Array.from({ length: 1_050 }, hold));
  await sleep(500);
  expect(held.filter(({ readableEnded, destroyed }) => readableEnded || destroyed)).toHaveLength(
    50,
  );
  expect(await request(api.port, 'GET /api/health')).toContain('tcp_server');
  for (const socket of held) socket.destroy();
});

it('slow clients are dropped in time, and hinder nobody meanwhile', async () => {
  const started = performance.now();
  const took = async (chunks: readonly string[], everyMs: number): Promise<number> => {
    const socket = net.connect(api.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined).resume();
    for (const chunk of chunks) socket.write(chunk);
    // One byte a second, for ever.
    const drip = setInterval(() => socket.writable && socket.write('x'), everyMs);
    await closed;
    clearInterval(drip);
    return performance.now() - started;
  };
  const slowHeads = Array.from({ length: 300 }, () => took(['GET / HTTP/1.1\r\nX: '], 1_000));
  const slowBody = took([post('X-Forwarded-For: 203.0.113.11', 'Content-Length: 1000')], 1_000);
  await sleep(1_000);
  const asked = performance.now();
  expect(await request(api.port, 'GET /api/health')).toContain('tcp_server');
  expect(performance.now() - asked).toBeLessThan(500);
  for (const tookMs of await Promise.all(slowHeads)) expect(tookMs).toBeLessThan(14_000);
  expect(await slowBody).toBeGreaterThan(25_000);
  expect(await slowBody).toBeLessThan(35_000);
}, 45_000);

it('no secret is in an answer or in the log', async () => {
  const answers = await Promise.all([
    request(api.port, 'GET /api/health'),
    request(api.port, 'GET /api/sensors', [`Authorization: Bearer ${apiToken}`]),
    request(api.port, 'GET /api/stats', [`Authorization: Bearer ${apiToken}`]),
    request(api.port, 'GET /login'),
    request(api.port, `GET /%E0%A4%A?${apiToken}`),
    request(api.port, 'GET /nowhere', [`Authorization: Bearer ${apiToken}`]),
  ]);
  expect(answers[1]).toMatch(/^HTTP\/1\.1 503 .*The database is away: .* refuses connections/s);
  await api.logged('refuses connections');
  for (const secret of [password, apiToken, databasePassword]) {
    for (const text of [...answers, api.log()]) expect(text).not.toContain(secret);
  }
});
