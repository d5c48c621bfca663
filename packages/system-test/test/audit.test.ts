/** The look for known holes in what we depend on, against registries that this file plays. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Releases } from '@zdenergy/core';
import { Program } from '../src/program.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const bulkPath = '/-/npm/v1/security/advisories/bulk';

const releases = new Releases();
afterAll(() => releases.release());

interface Advisory {
  readonly id: number;
  readonly url: string;
  readonly title: string;
  readonly severity: 'moderate' | 'high' | 'critical';
  readonly vulnerable_versions: string;
}

const hole = (
  severity: Advisory['severity'],
  name = 'express',
): Readonly<Record<string, readonly Advisory[]>> => ({
  [name]: [
    {
      id: 4711,
      url: 'https://advisories.invalid/4711',
      title: 'Doors stand open',
      severity,
      vulnerable_versions: '*',
    },
  ],
});

/** What a registry answers to a request. */
type Answers = (path: string) => { status: number; body: unknown };

const knows =
  (advisories: ReturnType<typeof hole>): Answers =>
  (path) =>
    path === bulkPath ? { status: 200, body: advisories } : { status: 404, body: {} };

/** Serves a registry on the loopback address; returns its address. */
async function serve(answers: Answers): Promise<string> {
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => {
      const { status, body } = answers(request.url ?? '');
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  releases.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Audits with a home of its own, for npm keeps what it has learnt about a hole. */
async function audit(registry: string): Promise<{ code: number | null; output: string }> {
  const home = await mkdtemp(join(tmpdir(), 'zdenergy-audit-'));
  releases.push(() => rm(home, { recursive: true, force: true }));
  const program = new Program(process.execPath, ['scripts/audit.js'], {
    cwd: root,
    env: { HOME: home, npm_config_registry: registry },
  });
  const { code } = await program.finished;
  return { code, output: program.output };
}

it.each(['high', 'critical'] as const)(
  'fails on a hole that is %s, and names it',
  async (level) => {
    const { code, output } = await audit(await serve(knows(hole(level))));
    expect(output).toMatch(
      new RegExp(`express, ${level}: Doors stand open \\(https://advisories[.]invalid/4711\\)`),
    );
    expect(code).toBe(1);
  },
);

it.each([
  ['no hole', {}],
  ['a moderate one', hole('moderate')],
])('is content with %s', async (_what, advisories) => {
  expect(await audit(await serve(knows(advisories)))).toEqual({ code: 0, output: '' });
});

it('names a grave hole in a tool of the tests, and goes on', async () => {
  const { code, output } = await audit(await serve(knows(hole('critical', 'knip'))));
  expect(output).toMatch(/⚠️ Known holes in tools of the tests:\n {2}knip, critical: Doors stand/);
  expect(code).toBe(0);
});

it.each([405, 404, 503])('says in one line that a registry answers %i', async (status) => {
  const { code, output } = await audit(await serve(() => ({ status, body: {} })));
  expect(output).toMatch(
    new RegExp(`^⚠️ Known holes could not be looked up at the registry: ${status} .*\\n$`),
  );
  expect(code).toBe(0);
});

it('says in one line that nobody listens', async () => {
  const { code, output } = await audit('http://127.0.0.1:9');
  expect(output).toMatch(/^⚠️ Known holes could not be looked up .*ECONNREFUSED.*\n$/);
  expect(code).toBe(0);
});
