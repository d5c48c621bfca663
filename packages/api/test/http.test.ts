import { setTimeout as sleep } from 'node:timers/promises';
import { apiWorkerState, clusterState, tcpWorker } from './cluster.js';
import { liveMessage, readingsOf } from './live-rows.js';
import { exchange, parseAnswer, request, runApi } from './running-api.js';
import type { Answer, RunningApi } from './running-api.js';

let api: RunningApi;

async function ask(requestLine: string, headers?: readonly string[]): Promise<Answer> {
  return parseAnswer(await request(api.port, requestLine, headers));
}

const json = ({ body }: Answer): unknown => JSON.parse(body);

describe('/api/health', () => {
  beforeAll(async () => {
    api = await runApi({ MEMORY_READINGS: '3' });
    api.receive({ type: 'cluster', state: clusterState() });
  });
  afterAll(() => api.stop(1_000));

  it('is compact JSON that nobody may keep', async () => {
    const { headers, body } = await ask('GET /api/health');
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
    });
    expect(body).toBe(JSON.stringify(JSON.parse(body)));
    expect(Object.keys(JSON.parse(body) as object)).toEqual([
      'status',
      'tcp_server',
      'database',
      'memory_readings_count',
      'timestamp',
      'reasons',
      'journal',
      'workers',
      'uptime_seconds',
      'version',
      'status_since',
    ]);
  });

  it('says within moments that the database is away, without its password', async () => {
    let answer = await ask('GET /api/health');
    for (let tries = 0; tries < 40 && !answer.body.includes('away'); tries += 1) {
      await sleep(50);
      answer = await ask('GET /api/health');
    }
    expect(answer.status).toBe(503);
    expect(json(answer)).toMatchObject({
      status: 'warning',
      database: { connected: false },
      reasons: [expect.stringMatching(/^The database is away: .* refuses connections/)],
      version: '1.2.3',
    });
    expect(answer.body).not.toContain('geheim');
  });

  it('answers HEAD like GET, without the body', async () => {
    const get = await ask('GET /api/health');
    const head = await ask('HEAD /api/health');
    expect(head.body).toBe('');
    expect(head.status).toBe(get.status);
    expect(head.headers).toEqual({ ...get.headers, date: head.headers['date'] });
  });

  it.each([
    '/api/health/',
    '/api/health?',
    '/api/health?x=%zz&y[]=1&__proto__=2',
    '/api/health/?token=1',
    'http://zdenergy.example/api/health',
  ])('is the same under %s', async (url) => {
    const answer = await ask(`GET ${url}`);
    expect(answer.status).toBe(503);
    expect(json(answer)).toHaveProperty('tcp_server');
  });

  it('is open to everybody, under any name', async () => {
    const answer = await ask('GET /api/health', ['X-Forwarded-For: 203.0.113.9']);
    expect(json(answer)).toHaveProperty('tcp_server');
    const old = parseAnswer(await exchange(api.port, 'GET /api/health HTTP/1.0\r\n\r\n'));
    expect(json(old)).toHaveProperty('tcp_server');
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s', async (method) => {
    const answer = await ask(`${method} /api/health`, ['Content-Length: 0']);
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('GET, HEAD');
    expect(json(answer)).toEqual({ error: expect.any(String) });
  });

  it('does not swallow its neighbours', async () => {
    for (const url of ['/api/healthy', '/api/health/x', '/api//health', '/x/api/health']) {
      expect((await ask(`GET ${url}`)).status).toBe(404);
    }
  });

  it('follows the state that the supervisor sends', async () => {
    const down = tcpWorker({ status: 'restarting', pid: null, problem: 'it was ended by SIGKILL' });
    api.receive({ type: 'cluster', state: clusterState([down, apiWorkerState()]) });
    const answer = await ask('GET /api/health');
    expect(answer.status).toBe(503);
    expect(json(answer)).toMatchObject({ status: 'error', tcp_server: { thread_alive: false } });
    api.receive({ type: 'cluster', state: clusterState() });
    expect(json(await ask('GET /api/health'))).toMatchObject({
      status: 'warning',
      tcp_server: { thread_alive: true },
    });
  });

  it('counts the readings in memory, each once, and not more than fit', async () => {
    const count = async (): Promise<unknown> =>
      (json(await ask('GET /api/health')) as Record<string, unknown>)['memory_readings_count'];
    expect(await count()).toBe(0);
    api.receive(liveMessage(readingsOf('a', [1_750_000_000_000_000])));
    api.receive(liveMessage(readingsOf('a', [1_750_000_000_000_000, 1_750_000_001_000_000])));
    expect(await count()).toBe(2);
    api.receive(liveMessage(readingsOf('b', [1, 2, 3, 4])));
    expect(await count()).toBe(3);
  });

  it('stays there when live readings cannot be read', async () => {
    api.receive({ ...liveMessage([]), rows: Uint8Array.of(0, 8, 0, 0) });
    expect(json(await ask('GET /api/health'))).toHaveProperty('tcp_server');
    await api.logged('❌ Live readings could not be read');
  });

  it('answers 500 polls that come all at once', async () => {
    const started = performance.now();
    const polls = Array.from({ length: 500 }, async () => ask('GET /api/health'));
    const answers = await Promise.all(polls);
    expect(answers.every(({ status }) => status === 503)).toBe(true);
    // With 500 connections of their own, and the client in the same process.
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('everything else', () => {
  const apiToken = 'a-token-of-some-length';
  beforeAll(async () => {
    api = await runApi({ API_TOKEN: apiToken });
    api.receive({ type: 'cluster', state: clusterState() });
  });
  afterAll(() => api.stop(1_000));

  it('gives the statistics to clients on this machine', async () => {
    const answer = await ask('GET /api/stats');
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(json(answer)).toMatchObject({
      workers: [{ name: 'ingest-1', alive: true }, { name: 'api' }],
      tcp: { open: 2 },
      ledger: { received: 100, stored: 80, duplicates: 5, rejected: 10, pending: 5 },
    });
  });

  it('refuses what was forwarded, also for paths that do not exist', async () => {
    for (const url of ['/api/stats', '/nowhere', '/']) {
      const answer = await ask(`GET ${url}`, ['X-Forwarded-For: 127.0.0.1']);
      expect(answer.status).toBe(403);
      expect(json(answer)).toEqual({ error: expect.stringContaining('API_TOKEN') });
      expect(answer.body).not.toContain(apiToken);
    }
  });

  it('lets the token in, through any proxy', async () => {
    const headers = ['X-Forwarded-For: 203.0.113.9', `Authorization: Bearer ${apiToken}`];
    expect((await ask('GET /api/stats', headers)).status).toBe(200);
    headers[1] += 'x';
    expect((await ask('GET /api/stats', headers)).status).toBe(403);
  });

  it('refuses a foreign name that points to this machine', async () => {
    const text = 'GET /api/stats HTTP/1.1\r\nHost: rebind.example\r\nConnection: close\r\n\r\n';
    expect(parseAnswer(await exchange(api.port, text)).status).toBe(403);
  });

  it('answers 404 in JSON, with the headers that protect a browser', async () => {
    const { status, headers, body } = await ask('GET /<script>');
    expect(status).toBe(404);
    expect(JSON.parse(body)).toEqual({ error: expect.any(String) });
    expect(body).not.toContain('script');
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('answers 405 where only reading makes sense', async () => {
    const answer = await ask('POST /api/stats', ['Content-Length: 0']);
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('GET, HEAD');
  });

  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a bad header', 'GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n', 400],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    ['endless headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('answers %s in JSON and hangs up', async (_what, text, status) => {
    const answer = parseAnswer(await exchange(api.port, text));
    expect(answer.status).toBe(status);
    expect(json(answer)).toEqual({ error: expect.any(String) });
    expect(answer.body).not.toMatch(/Parse Error|HPE_|\.js:/);
  });

  it('answers a path that cannot be decoded', async () => {
    const answer = await ask('GET /%E0%A4%A');
    expect([400, 404]).toContain(answer.status);
    expect(json(answer)).toEqual({ error: expect.any(String) });
  });
});

describe('a slow client', () => {
  beforeAll(async () => {
    api = await runApi();
  });
  afterAll(() => api.stop(1_000));

  it('is dropped after 10 s, whether it sends half a header or nothing', async () => {
    const started = performance.now();
    const [half, nothing] = await Promise.all([
      exchange(api.port, 'GET /api/health HTTP/1.1\r\nHost: x\r\nX-Slow:'),
      exchange(api.port),
    ]);
    const tookMs = performance.now() - started;
    expect(tookMs).toBeGreaterThan(9_500);
    expect(tookMs).toBeLessThan(13_000);
    const answer = parseAnswer(half);
    expect(answer.status).toBe(408);
    expect(json(answer)).toEqual({ error: expect.any(String) });
    expect(nothing === '' || parseAnswer(nothing).status === 408).toBe(true);
  });
});

describe('the worker', () => {
  it('starts without a database, says where it listens, and refuses after its stop', async () => {
    const running = await runApi();
    const { port } = running;
    expect(parseAnswer(await request(port, 'GET /api/health')).status).toBe(503);
    await running.logged(`[api] ✅ HTTP server listening on port ${port}`);
    await running.stop(1_000);
    await expect(request(port, 'GET /api/health')).rejects.toThrow('ECONNREFUSED');
  });

  it('stops at its deadline, whoever is still connected', async () => {
    const running = await runApi();
    const held = exchange(running.port, 'GET /api/health HTTP/1.1\r\nHost: x\r\nX-Slow:');
    await sleep(100);
    const started = performance.now();
    await running.stop(1_000);
    expect(performance.now() - started).toBeLessThan(1_000);
    // Cut, either with an end or a reset.
    await held.catch((error: unknown) => expect(String(error)).toContain('ECONNRESET'));
  });

  it('stops at once when nobody asks for anything', async () => {
    const running = await runApi();
    const started = performance.now();
    await running.stop(5_000);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('does not start without a socket', async () => {
    await expect(runApi({}, { withSocket: false })).rejects.toThrow('no socket for HTTP');
  });
});
