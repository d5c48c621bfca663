/** The page's files as a browser gets them, and the page for those who may not get in. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAnswer, request, runApi, type RunningApi } from './running-api.js';
import { soon, StreamFollower } from './stream-follower.js';
import { clusterState } from './cluster.js';

const directory = mkdtempSync(join(tmpdir(), 'zdenergy-page-'));
const script = `console.log(${JSON.stringify('x'.repeat(20_000))})`;
const forwarded = 'X-Forwarded-For: 203.0.113.9';
let api: RunningApi;

const ask = async (path: string, ...headers: string[]) =>
  parseAnswer(await request(api.port, `GET ${path}`, headers));

beforeAll(async () => {
  api = await runApi({}, { dashboardDir: directory });
});
afterAll(async () => {
  await api.stop(1_000);
  rmSync(directory, { recursive: true });
});

describe('the page', () => {
  it('is the plain one while there is no build', async () => {
    expect((await ask('/')).body).toContain('This page renews itself');
    expect((await ask('/assets/index-Ab3_x-9Q.js')).status).toBe(404);
  });

  it('is the build once there is one, asked for anew each time', async () => {
    mkdirSync(join(directory, 'assets'));
    writeFileSync(join(directory, 'index.html'), '<!doctype html><title>built</title>');
    writeFileSync(join(directory, 'assets', 'index-Ab3_x-9Q.js'), script);
    writeFileSync(join(directory, '.secret'), 'secret');
    const page = await ask('/', 'Accept: text/html');
    expect(page.body).toContain('<title>built</title>');
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
    const policy = page.headers['content-security-policy'];
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain('unsafe');
    const tag = page.headers['etag'] ?? '';
    expect((await ask('/', `If-None-Match: ${tag}`)).status).toBe(304);
  });

  it('loads what never changes, compressed', async () => {
    const response = await fetch(`http://127.0.0.1:${api.port}/assets/index-Ab3_x-9Q.js`);
    expect(response.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('content-encoding')).toMatch(/^(gzip|br)$/);
    expect(await response.text()).toBe(script);
    const plain = await ask('/assets/index-Ab3_x-9Q.js');
    expect(plain.headers).not.toHaveProperty('content-encoding');
  });

  it.each(['/.secret', '/assets', '/assets/', '/../package.json', '/%2e%2e/package.json'])(
    'gives away nothing under %s',
    async (path) => {
      const { status, headers } = await ask(path);
      expect([403, 404]).toContain(status);
      expect(headers['cache-control']).toBe('no-store');
    },
  );

  it('stands behind the guard, with all that it loads', async () => {
    for (const path of ['/', '/assets/index-Ab3_x-9Q.js']) {
      expect((await ask(path, forwarded)).status).toBe(403);
    }
  });

  it('does not hold back events, whatever a browser accepts', async () => {
    api.receive({ type: 'cluster', state: clusterState() });
    const headers = { 'Accept-Encoding': 'gzip, deflate, br' };
    const follower = await StreamFollower.follow(api.port, '', { headers });
    expect(follower.headers).not.toHaveProperty('content-encoding');
    await soon(() => expect(follower.named('status').length).toBeGreaterThan(0), 1_000);
    follower.stop();
  });
});

describe('who may not get in', () => {
  it('is told what to set and how: a person on a page, a script in JSON', async () => {
    const page = await ask('/', forwarded, 'Accept: text/html,application/xhtml+xml,*/*;q=0.8');
    expect(page.status).toBe(403);
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    });
    for (const word of ['ADMIN_PASSWORD=', '.env', 'npm start', 'proxy', 'TRUST_PROXY']) {
      expect(page.body).toContain(word);
    }
    for (const headers of [[], ['Accept: application/json'], ['Accept: text/event-stream']]) {
      const answer = await ask('/api/stream', forwarded, ...headers);
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body)).toEqual({
        error: expect.stringContaining('ADMIN_PASSWORD') as string,
      });
    }
  });
});
