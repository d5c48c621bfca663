/**
 * `npm run doctor` beside a zdenergy at work, and beside one that is broken in each of the ways that it
 * is asked about at night.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import { ExternalPostgres } from '../src/external-postgres.js';
import { Gateway } from '../src/gateway.js';
import { npmRun } from '../src/npm.js';
import { eventually } from '../src/wait.js';
import { Zdenergy, type Settings } from '../src/zdenergy.js';

/** It says so itself; the machine of a test may be slow besides. */
const endsWithinMs = 45_000;
const releases = new Releases();
afterAll(() => releases.release());

let postgres: ExternalPostgres;
let zdenergy: Zdenergy;

beforeAll(async () => {
  postgres = await ExternalPostgres.start(releases);
  zdenergy = await Zdenergy.start(releases, {
    DATABASE_URL: postgres.url,
    TCP_MAX_CONNECTIONS: '100',
    SLACK_WEBHOOK_URL: 'http://127.0.0.1:9/hooks/very-secret',
    ADMIN_PASSWORD: 'admin-secret',
    API_TOKEN: 'token-secret-token-secret',
  });
});

interface Found {
  readonly check: string;
  readonly level: string;
  readonly text: string;
  readonly todo?: string[];
}

/** What the doctor finds, its exit code, and how long it took. */
async function examine(
  of: Zdenergy = zdenergy,
  changed: Settings = {},
): Promise<{ code: number | null; checks: Found[]; output: string }> {
  const startedAtMs = performance.now();
  const { code, output } = await npmRun(of, 'doctor --json', changed);
  expect(performance.now() - startedAtMs).toBeLessThan(endsWithinMs);
  expect(output).not.toMatch(/secret|SyntaxError/);
  const { checks } = JSON.parse(output) as { checks: Found[] };
  return { code, checks, output };
}

/** What is not well, but for what depends on the machine of the test. */
const faultsIn = (checks: readonly Found[]): string[] =>
  checks
    .filter(({ check, level }) => level !== 'ok' && !['restart', 'disk'].includes(check))
    .map(({ check, level, text }) => `${level} ${check}: ${text}`);

async function send(text: string): Promise<void> {
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  await gateway.end(text);
}

it('finds nothing wrong with one that runs well', async () => {
  await send('{"id":"well","temp":21.5}');
  await eventually(async () => {
    const { checks } = await examine();
    expect(faultsIn(checks)).toEqual([]);
  });
  const { code, output } = await npmRun(zdenergy, 'doctor');
  expect(output).toContain('✅ health      zdenergy runs, and says ok');
  expect(output).toMatch(/✅ ports {7}TCP_PORT \d+ is held by this zdenergy/);
  expect(output).toContain(
    '✅ ledger      1 received = 1 stored + 0 duplicates + 0 rejected + 0 pending',
  );
  expect(output).toContain('1 sensor online');
  expect(output).toMatch(/✅ jobs {8}partitions r(an|uns, since) .* ago/);
  expect(output).not.toMatch(/❌|secret/);
  expect(code).toBe(output.includes('⚠️') ? 1 : 0);
});

it('ends, and says so, when Postgres is frozen', async () => {
  postgres.freeze();
  try {
    const { code, checks } = await examine();
    expect(code).toBe(2);
    expect(faultsIn(checks)).toContainEqual(
      expect.stringMatching(/^error database: .*does not answer/),
    );
  } finally {
    postgres.resume();
  }
});

it('tells of a damaged journal, of one that does not run, and of a port that is taken', async () => {
  await postgres.stop();
  await send('{"id":"waits","temp":1}{"id":"waits","temp":2}');
  await zdenergy.stop();
  const journal = join(zdenergy.dataDirectory, 'journal', 'ingest-1');
  const names = (await readdir(journal)).filter((name) => name.endsWith('.segment')).sort();
  const path = join(journal, names.at(-1) ?? '');
  const whole = await readFile(path);
  const flipped = Buffer.from(whole);
  flipped[flipped.length - 1] ^= 1;
  await writeFile(path, flipped);
  const other = net.createServer().listen(zdenergy.ports.tcp);
  releases.push(() => void other.close());

  const { code, checks } = await examine();
  expect(code).toBe(2);
  const faults = faultsIn(checks).join('\n');
  expect(faults).toContain('error health: zdenergy does not run');
  expect(faults).toMatch(/error database: Postgres at \S+ refuses connections/);
  expect(faults).toMatch(/error journal: ingest-1: \d{10}\.segment: .* not what was written/);
  expect(faults).toMatch(
    new RegExp(`error ports: TCP_PORT ${zdenergy.ports.tcp} is held by process ${process.pid}: `),
  );
  expect(faults).toContain('warning ledger: it cannot be read now');

  await writeFile(path, whole);
  await postgres.start();
  const mended = (await examine()).checks;
  expect(mended).toContainEqual(
    expect.objectContaining({
      check: 'ledger',
      level: 'ok',
      text: expect.stringMatching(/^3 received = 1 stored .* \+ 2 pending \(by the database/),
    }),
  );
});

it('names all wrong settings, and knows a directory that nothing was started in', async () => {
  const fresh = await Zdenergy.prepare(releases);
  const { code, checks } = await examine(fresh, { TCP_PORT: 'x', API_TOKEN: 'short-secret' });
  expect(code).toBe(2);
  const faults = faultsIn(checks).join('\n');
  expect(faults).toContain('error settings: TCP_PORT="x"');
  expect(faults).toContain('error settings: API_TOKEN=(not shown)');
  expect(faults).toContain('warning journal: there is none in');
  expect(faults).toContain('error health: zdenergy does not run');
  expect(checks).toContainEqual(
    expect.objectContaining({ text: `HTTP_PORT ${fresh.ports.http} is free`, level: 'ok' }),
  );
  const same = { HTTP_PORT: String(fresh.ports.tcp) };
  const contradiction = await examine(fresh, same);
  expect(faultsIn(contradiction.checks)[0]).toContain('TCP_PORT and HTTP_PORT: both are');
  expect(await npmRun(fresh, 'doctor now')).toMatchObject({ code: 64 });
});
