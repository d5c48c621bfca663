/** Logging in and out over real sockets, and what keeps others from it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterState } from './cluster.js';
import { exchange, parseAnswer, request, runApi } from './running-api.js';
import type { Answer, RunningApi } from './running-api.js';

const password = 'correct horse ä&=+"battery';
const apiToken = 'a-token-of-some-length';
const dataDir = mkdtempSync(join(tmpdir(), 'zdenergy-login-'));
const environment = {
  ADMIN_PASSWORD: password,
  API_TOKEN: apiToken,
  DATA_DIR: dataDir,
  // Tests come from different clients, each with its own tries.
  TRUST_PROXY: '127.0.0.1',
};
const page = 'Accept: text/html,application/xhtml+xml,*/*;q=0.8';

let api: RunningApi;
let clients = 0;

beforeAll(async () => {
  api = await runApi(environment);
  api.receive({ type: 'cluster', state: clusterState() });
});
afterAll(async () => {
  await api.stop(1_000);
  rmSync(dataDir, { recursive: true });
});

const newClient = (): string => {
  clients += 1;
  return `X-Forwarded-For: 203.0.113.${clients}`;
};

async function ask(line: string, headers: readonly string[] = [], to = api): Promise<Answer> {
  return parseAnswer(await request(to.port, line, headers));
}

/** A request with a body. */
async function post(
  path: string,
  body: string,
  headers: readonly string[],
  to = api,
): Promise<Answer> {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${to.port}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...headers,
  ];
  return parseAnswer(await exchange(to.port, `${lines.join('\r\n')}\r\n\r\n${body}`));
}

const json = (guess: unknown): [string, string[]] => [
  JSON.stringify({ password: guess }),
  ['Content-Type: application/json', newClient()],
];
const form = (fields: Record<string, string>): [string, string[]] => [
  new URLSearchParams(fields).toString(),
  ['Content-Type: application/x-www-form-urlencoded', page, newClient()],
];

/** A guess of a client of its own; without a password, it counts and costs no work. */
const forgedGuess = (n: number): [string, string[]] => [
  '{}',
  ['Content-Type: application/json', `X-Forwarded-For: 198.51.100.${n}`],
];

/** Logs in, and gives back the header that a browser sends from then on. */
async function logIn(to = api): Promise<string> {
  const answer = await post('/login', ...json(password), to);
  expect(answer.status).toBe(200);
  return `Cookie: ${answer.headers['set-cookie'].split(';')[0]}`;
}

describe('without a login', () => {
  it.each(['/api/stats', '/api/sensors', '/', '/nowhere', '/api/healthy'])(
    'a program gets 401 for %s, from this machine too',
    async (path) => {
      for (const headers of [[], [newClient()], ['Accept: application/json']]) {
        const answer = await ask(`GET ${path}`, headers);
        expect(answer.status).toBe(401);
        expect(answer.headers).toMatchObject({
          'www-authenticate': 'Bearer',
          'cache-control': 'no-store',
        });
        expect(JSON.parse(answer.body)).toEqual({ error: expect.stringContaining('/login') });
      }
    },
  );

  it('a browser is sent to the login, and told where to go on', async () => {
    const answer = await ask('GET /api/sensors?limit=5&x=%22', [page]);
    expect(answer.status).toBe(303);
    expect(answer.headers['location']).toBe(
      `/login?next=${encodeURIComponent('/api/sensors?limit=5&x=%22')}`,
    );
    expect(answer.headers['cache-control']).toBe('no-store');
    expect((await ask('GET /', [page])).headers['location']).toBe('/login');
  });

  it.each(['http://evil.example/', '//evil.example/', '/\\evil.example'])(
    'a browser that asks for %s is not sent elsewhere',
    async (target) => {
      const answer = await ask(`GET ${target}`, [page]);
      expect(answer.status).toBe(303);
      expect(answer.headers['location']).toBe('/login');
    },
  );

  it('health is public', async () => {
    expect((await ask('GET /api/health', [newClient()])).status).toBe(503);
    expect((await ask('GET /api/health', [newClient()])).body).toContain('tcp_server');
  });

  it('the token is enough for a program', async () => {
    const headers = [newClient(), `Authorization: Bearer ${apiToken}`];
    expect((await ask('GET /api/stats', headers)).status).toBe(200);
    headers[1] += 'x';
    expect((await ask('GET /api/stats', headers)).status).toBe(401);
  });
});

describe('the login page', () => {
  it('is plain, and its policy lets it work', async () => {
    const { status, headers, body } = await ask('GET /login', [page]);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    expect(body).not.toMatch(/<script|https?:|\/\/|@import|url\(/);
    const policy = headers['content-security-policy'];
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https:/);
    expect(policy).toContain(await styleHash(body));
    // With no-referrer, browsers send "Origin: null" with the form.
    expect(headers['referrer-policy']).toBe('same-origin');
  });

  it('keeps a local path to go on to, and nothing else', async () => {
    const next = async (value: string): Promise<string | undefined> => {
      const { body } = await ask(`GET /login?next=${encodeURIComponent(value)}`, [page]);
      return /name="next" value="([^"]*)"/.exec(body)?.[1];
    };
    expect(await next('/api/stats?a=1&b="<x>')).toBe('/api/stats?a=1&amp;b=%22%3Cx%3E');
    expect(await next('//evil.example')).toBe('/');
    expect(await next('"><script>')).toBe('/');
    const twice = await ask('GET /login?next=/a&next=/b', [page]);
    expect(twice.body).toContain('value="/"');
  });

  it('sends on who is logged in already', async () => {
    const answer = await ask('GET /login?next=/api/stats', [page, await logIn()]);
    expect(answer.status).toBe(303);
    expect(answer.headers['location']).toBe('/api/stats');
  });
});

/** The hash of the page's style, in the form of a source expression. */
async function styleHash(html: string): Promise<string> {
  const style = /<style>([^]*)<\/style>/.exec(html)?.[1] ?? '';
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
  return `'sha256-${Buffer.from(hash).toString('base64')}'`;
}

describe('a login', () => {
  it('by form opens a session, and goes on', async () => {
    const answer = await post('/login', ...form({ password, next: '/api/stats' }));
    expect(answer.status).toBe(303);
    expect(answer.headers['location']).toBe('/api/stats');
    const cookie = answer.headers['set-cookie'];
    expect(cookie).toMatch(/; HttpOnly; SameSite=Lax$/);
    const stats = await ask('GET /api/stats', [`Cookie: ${cookie.split(';')[0]}`, newClient()]);
    expect(stats.status).toBe(200);
    expect(stats.headers['cache-control']).toBe('no-store');
  });

  it('by JSON opens one, too', async () => {
    const answer = await post('/login', ...json(password));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ ok: true });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('never goes on to another server', async () => {
    const answer = await post('/login', ...form({ password, next: '//evil.example' }));
    expect(answer.headers['location']).toBe('/');
  });

  it('gets a cookie for TLS only when it came over TLS', async () => {
    const [body, headers] = json(password);
    const answer = await post('/login', body, [...headers, 'X-Forwarded-Proto: https']);
    expect(answer.headers['set-cookie']).toMatch(/; Secure$/);
  });

  it('with a wrong password opens none', async () => {
    for (const guess of ['', 'correct horse', `${password} `, 'x'.repeat(50_000)]) {
      const answer = await post('/login', ...json(guess));
      expect(answer.status).toBe(401);
      expect(answer.headers).not.toHaveProperty('set-cookie');
      expect(JSON.parse(answer.body)).toEqual({ error: 'The password is wrong.' });
    }
    const answer = await post('/login', ...form({ password: 'wrong', next: '/api/stats' }));
    expect(answer.status).toBe(401);
    expect(answer.body).toContain('The password is wrong.');
    expect(answer.body).toContain('value="/api/stats"');
    await api.logged(`A login from 203.0.113.${clients} failed`);
  });

  it.each<[string, string, string, number]>([
    ['nothing', '', 'application/json', 400],
    ['no JSON', '{"password":', 'application/json', 400],
    ['a number', '{"password":12345678}', 'application/json', 400],
    ['null', 'null', 'application/json', 400],
    ['a list', '["password"]', 'application/json', 400],
    ['an inherited field', '{"__proto__":{"password":"x"}}', 'application/json', 400],
    ['another field', 'Password=a', 'application/x-www-form-urlencoded', 400],
    ['a compressed body', '\x1f\x8b\x08\x00', 'application/json', 400],
    ['no UTF-8', '\xff\xfe', 'application/json', 400],
    ['another type', 'password', 'text/plain', 400],
  ])('of %s is refused', async (_what, body, type, status) => {
    const answer = await post('/login', body, [`Content-Type: ${type}`, newClient()]);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String) });
  });

  it('of more than 100 KB is refused', async () => {
    const answer = await post('/login', ...json('x'.repeat(102_400)));
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toEqual({ error: expect.stringContaining('100 KB') });
  });

  it('may be tried five times a minute, by each client', async () => {
    const client = newClient();
    const tries = async (guess: string): Promise<Answer> =>
      post('/login', JSON.stringify({ password: guess }), [
        'Content-Type: application/json',
        client,
      ]);
    for (let count = 0; count < 5; count += 1) expect((await tries('wrong')).status).toBe(401);
    // Not even the right one: otherwise guessing would go on.
    const refused = await tries(password);
    expect(refused.status).toBe(429);
    const waitSeconds = Number(refused.headers['retry-after']);
    expect(waitSeconds).toBeGreaterThan(30);
    expect(waitSeconds).toBeLessThanOrEqual(60);
    expect((await post('/login', ...json(password))).status).toBe(200);
    const [body] = form({ password, next: '/api/stats' });
    const headers = ['Content-Type: application/x-www-form-urlencoded', page, client];
    const shown = await post('/login', body, headers);
    expect(shown.status).toBe(429);
    expect(shown.body).toContain('Too many tries');
  });

  it('that succeeds makes good for those that failed', async () => {
    const headers = ['Content-Type: application/json', newClient()];
    const statusOf = async (guess: string): Promise<number> =>
      (await post('/login', JSON.stringify({ password: guess }), headers)).status;
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 4; count += 1) expect(await statusOf('wrong')).toBe(401);
      expect(await statusOf(password)).toBe(200);
    }
  });

  it('keeps the worker answering while a crowd guesses', async () => {
    const crowded = await runApi(environment);
    const guesses = Array.from({ length: 60 }, async () =>
      post('/login', ...json('wrong'), crowded),
    );
    const started = performance.now();
    expect((await ask('GET /api/health', [], crowded)).body).toContain('tcp_server');
    expect(performance.now() - started).toBeLessThan(1_000);
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(30);
    expect(statuses.every((status) => status === 503 || status === 401)).toBe(true);
    expect((await post('/login', ...json(password), crowded)).status).toBe(200);
    await crowded.stop(1_000);
  });

  it('may be tried 100 times a minute through one proxy, whatever clients it names', async () => {
    const forged = await runApi(environment);
    const guesses = Array.from({ length: 105 }, (_, n) =>
      post('/login', ...forgedGuess(n), forged),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(5);
    expect((await post('/login', ...json(password), forged)).status).toBe(429);
    await forged.stop(1_000);
  });
});

describe('a foreign page', () => {
  it.each([
    'Origin: https://evil.example',
    'Origin: null',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Site: same-site',
  ])('can neither log in nor out (%s)', async (header) => {
    const [body, headers] = json(password);
    for (const path of ['/login', '/logout', '/api/stats']) {
      const answer = await post(path, body, [...headers, header]);
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty('set-cookie');
      expect(JSON.parse(answer.body)).toEqual({ error: expect.stringContaining('another origin') });
    }
  });

  it('is told apart from our own', async () => {
    const [body, headers] = json(password);
    const own = `Origin: http://127.0.0.1:${api.port}`;
    expect((await post('/login', body, [...headers, own])).status).toBe(200);
    const proxied = ['X-Forwarded-Host: site.example', 'Origin: https://site.example'];
    const [again, client] = json(password);
    expect((await post('/login', again, [...client, ...proxied])).status).toBe(200);
  });
});

describe('a logout', () => {
  it('makes the browser forget its session', async () => {
    const answer = await post('/logout', '', [await logIn(), page, newClient()]);
    expect(answer.status).toBe(303);
    expect(answer.headers['location']).toBe('/login');
    expect(answer.headers['set-cookie']).toMatch(/^zdenergy_session=; Path=\/; Max-Age=0;/);
    const script = await post('/logout', '', [newClient()]);
    expect(JSON.parse(script.body)).toEqual({ ok: true });
  });

  it('is no link that a page could hold', async () => {
    const answer = await ask('GET /logout', [page]);
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('POST');
  });
});

describe('a session', () => {
  it('outlives a restart, and ends with the password', async () => {
    const cookie = await logIn();
    const again = await runApi(environment);
    expect((await ask('GET /api/stats', [cookie], again)).status).toBe(200);
    await again.stop(1_000);
    const changed = await runApi({ ...environment, ADMIN_PASSWORD: 'another password' });
    expect((await ask('GET /api/stats', [cookie], changed)).status).toBe(401);
    await changed.stop(1_000);
  });

  it('lasts as long as the worker when the disk keeps no secret', async () => {
    const homeless = await runApi({ ...environment, DATA_DIR: '/proc/nowhere' });
    await homeless.logged('⚠️ Logins end at the next restart');
    expect((await ask('GET /api/stats', [await logIn(homeless)], homeless)).status).toBe(200);
    await homeless.stop(1_000);
  });
});

describe('without ADMIN_PASSWORD', () => {
  it('there is no login', async () => {
    const open = await runApi();
    expect((await ask('GET /login', [page], open)).status).toBe(404);
    expect((await post('/login', ...json(password), open)).status).toBe(403);
    await open.stop(1_000);
  });
});

it('no secret is in the log', async () => {
  await post('/login', ...json(`${password}-nearly`));
  await post('/login', `{"password":"${password}`, ['Content-Type: application/json', newClient()]);
  await api.logged('failed');
  const secret = readFileSync(join(dataDir, 'session.secret'), 'utf8').trim();
  expect(api.log()).toContain('Logged in from');
  for (const hidden of [password, apiToken, secret, 'geheim', 'zdenergy_session']) {
    expect(api.log()).not.toContain(hidden);
  }
});
