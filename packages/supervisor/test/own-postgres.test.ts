/** A real Postgres: made, started, killed, frozen, left over, and told to stop. */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { isRunning } from '@zdenergy/core';
import { OwnPostgres } from '../src/own-postgres.js';
import { answers } from '../src/postgres-server.js';
import { eventually, freePort, recordingLogger, temporaryDirectory } from './trial.js';

const { logger, lines } = recordingLogger();
const home = temporaryDirectory();
const cluster = join(home.path, 'postgres');
let port = 0;
let postgres: OwnPostgres | undefined;

beforeAll(async () => {
  // As the supervisor makes it when another user is to pass through.
  spawnSync('chmod', ['711', home.path]);
  port = await freePort();
});
afterEach(async () => {
  await postgres?.stop(3_000);
  postgres = undefined;
});
afterAll(() => home.remove());

const describePostgres = (server: OwnPostgres) => server.describe(performance.now());

/** Starts it and waits until it is ready, with a process id other than `oldPid`. */
async function startPostgres(): Promise<OwnPostgres> {
  postgres = new OwnPostgres(home.path, port, logger, () => undefined);
  postgres.start();
  await readyPid(postgres);
  return postgres;
}

const readyPid = (server: OwnPostgres, oldPid?: number): Promise<number> =>
  eventually(() => {
    const { status, pid } = describePostgres(server);
    return status === 'ready' && pid !== null && pid !== oldPid && pid;
  }, 15_000);

/** Logs in as the workers do, and asks one question. */
function query(url: string, sql: string): string {
  const { stdout, stderr, status } = spawnSync('psql', [url, '-XAtc', sql], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

it('is made at the first start: user, database and a password of its own', async () => {
  const server = await startPostgres();
  expect(query(server.url, 'select current_user, current_database()')).toBe('zdenergy|zdenergy');
  expect(query(server.url, "select current_setting('listen_addresses')")).toBe('127.0.0.1');
  expect(statSync(join(home.path, 'postgres.password')).mode & 0o777).toBe(0o600);
  expect(() => query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).toThrow(
    'password authentication failed',
  );
  query(server.url, 'create table kept (n int); insert into kept values (1)');
});

it('never runs as root', async () => {
  const pid = await readyPid(await startPostgres());
  expect(statSync(`/proc/${pid}`).uid).toBe(statSync(cluster).uid);
  expect(statSync(cluster).uid).not.toBe(0);
});

it('starts again by itself after kill -9, with its data', async () => {
  const server = await startPostgres();
  const pid = await readyPid(server);
  process.kill(pid, 'SIGKILL');
  await readyPid(server, pid);
  expect(query(server.url, 'select n from kept')).toBe('1');
  expect(describePostgres(server)).toMatchObject({ restarts: 1, problem: null });
});

it('is killed and started again when it is frozen, its stopped processes too', async () => {
  const server = await startPostgres();
  const pid = await readyPid(server);
  process.kill(pid, 'SIGSTOP');
  expect(await answers(port)).toBe(false);
  const nowMs = performance.now() + 31_000;
  server.check({ checkedAtMs: nowMs, awakeSinceMs: 0, checksInARow: 1 });
  expect(describePostgres(server).status).toBe('ready');
  server.check({ checkedAtMs: nowMs, awakeSinceMs: 0, checksInARow: 2 });
  expect(describePostgres(server).problem).toBe('it has not answered for 30 s');
  await readyPid(server, pid);
  expect(query(server.url, 'select n from kept')).toBe('1');
});

it.each(['', 'SIGSTOP'] as const)(
  'starts at once after its supervisor was killed (its server got "%s")',
  async (signal) => {
    const before = fork(new URL('./fixtures/own-postgres.mjs', import.meta.url), [
      home.path,
      String(port),
    ]);
    const [oldPid] = (await once(before, 'message')) as [number];
    if (signal !== '') process.kill(oldPid, signal);
    before.kill('SIGKILL');
    const server = await startPostgres();
    expect(isRunning(oldPid)).toBe(false);
    expect(query(server.url, 'select n from kept')).toBe('1');
    expect(describePostgres(server).restarts).toBe(0);
  },
);

it('sets a new password when the file was lost', async () => {
  rmSync(join(home.path, 'postgres.password'));
  const server = await startPostgres();
  expect(query(server.url, 'select n from kept')).toBe('1');
});

it('is not fooled by a process that has got the id of a dead server', async () => {
  const stale = ['1', cluster, '1', String(port), '', '127.0.0.1', '1 1', 'ready'];
  writeFileSync(join(cluster, 'postmaster.pid'), stale.join('\n'));
  const server = await startPostgres();
  expect(query(server.url, 'select n from kept')).toBe('1');
});

it('explains a busy port, keeps trying, and starts when it is free', async () => {
  const blocker = net.createServer((client) => client.destroy()).listen(port, '127.0.0.1');
  await once(blocker, 'listening');
  const server = new OwnPostgres(home.path, port, logger, () => undefined);
  postgres = server;
  server.start();
  const problem = await eventually(() => describePostgres(server).problem ?? undefined);
  expect(problem).toContain(
    `EMBEDDED_PG_PORT: port ${port} is already in use by process ${process.pid}`,
  );
  await new Promise((resolve) => blocker.close(resolve));
  await readyPid(server);
  expect(describePostgres(server).problem).toBeNull();
});

it('clears away what an interrupted first start left', async () => {
  const other = temporaryDirectory();
  spawnSync('chmod', ['711', other.path]);
  const halfMade = join(other.path, 'postgres.new');
  mkdirSync(join(halfMade, 'base'), { recursive: true });
  writeFileSync(join(halfMade, 'PG_VERSION'), '17\n');
  const server = new OwnPostgres(other.path, port, logger, () => undefined);
  server.start();
  await readyPid(server);
  expect(query(server.url, 'select 1')).toBe('1');
  expect(existsSync(halfMade)).toBe(false);
  await server.stop(3_000);
  other.remove();
});

it('stops cleanly, and no restart follows', async () => {
  const server = await startPostgres();
  const pid = await readyPid(server);
  await server.stop(3_000);
  expect(isRunning(pid)).toBe(false);
  expect(existsSync(join(cluster, 'postmaster.pid'))).toBe(false);
  server.start();
  expect(describePostgres(server)).toMatchObject({ status: 'stopping', pid: null });
});

it('never logs its password', () => {
  const password = readFileSync(join(home.path, 'postgres.password'), 'utf8').trim();
  expect(password.length).toBeGreaterThan(20);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.join('\n')).not.toContain(password);
});
