/**
 * Row 8: the TCP worker dies at each step of the journal's work, just before a system call: it
 * starts every time, and nothing that was acknowledged is lost or stored twice.
 *
 * The pool of threads that does the journal's work has one here, so that calls can be counted.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import type { Database } from '../src/database.js';
import { figure } from '../src/figures.js';
import { isRunning } from '../src/processes.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { Strace } from '../src/strace.js';
import { eventually } from '../src/wait.js';
import { nextProcessOf } from '../src/workers.js';
import { Zdenergy } from '../src/zdenergy.js';

const readingsPerSecond = 500;
/** It dies at the first call of its kind that comes; a step that never comes is no step. */
const diesWithinMs = 15_000;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let database: Database;
let gateway: SteadyGateway;
let deaths = 0;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on', UV_THREADPOOL_SIZE: '1' });
  database = await zdenergy.database();
  gateway = new SteadyGateway(zdenergy.ports.tcp, 'steps', readingsPerSecond).start();
  releases.push(() => gateway.destroy());
});

const journal = (): string => join(zdenergy.dataDirectory, 'journal', 'ingest-1');
const segment = (number: number): string =>
  join(journal(), `${String(number).padStart(10, '0')}.segment`);

async function newestSegment(): Promise<number> {
  const names = await readdir(journal());
  return Math.max(...names.filter((name) => name.endsWith('.segment')).map(Number.parseFloat));
}

function goesOn(): Promise<void> {
  const ackedBefore = gateway.acked.size;
  return eventually(() => expect(gateway.acked.size).toBeGreaterThan(ackedBefore + 100));
}

/** Waits for the death that was injected; whoever was killed otherwise was not killed by the fault. */
async function diesOf(strace: Strace, pid: number, call: string): Promise<void> {
  await eventually(() => expect(isRunning(pid)).toBe(false), diesWithinMs);
  const calls = await strace.calls();
  expect(calls.some((seen) => seen.call === call && seen.struck)).toBe(true);
  deaths += 1;
}

/** At work: it appends, commits, notes where the database stands. */
it.each([
  { call: 'pwrite64', when: '1', of: 'a record' },
  { call: 'pwrite64', when: '40', of: 'a record' },
  { call: 'fdatasync', when: '1', of: 'a record' },
  { call: 'fdatasync', when: '40', of: 'a record' },
  { call: 'unlink', when: '1', of: 'the checkpoint', file: 'checkpoint.json.new' },
  { call: 'openat', when: '1', of: 'the checkpoint', file: 'checkpoint.json.new' },
  { call: 'pwrite64', when: '1', of: 'the checkpoint', file: 'checkpoint.json.new' },
  { call: 'fdatasync', when: '1', of: 'the checkpoint', file: 'checkpoint.json.new' },
  { call: 'rename', when: '1', of: 'the checkpoint', file: 'checkpoint.json.new' },
  { call: 'fsync', when: '1', of: 'the directory', file: '' },
])('dies before $call $when of $of', async ({ call, when, file }) => {
  await goesOn();
  const pid = await zdenergy.pidOf('ingest-1');
  const path = file === undefined ? {} : { path: join(journal(), file) };
  const fault = { call, when, effect: 'signal=KILL', ...path };
  const strace = await Strace.attach(pid, fault, releases);
  await diesOf(strace, pid, call);
});

/** At boot: it opens what it left, starts a segment, removes the old one. `file` is relative to the newest. */
it.each([
  { call: 'openat', when: '1', of: 'the directory' },
  { call: 'fsync', when: '1', of: 'the directory' },
  { call: 'fsync', when: '2', of: 'the directory' },
  { call: 'openat', when: '1', of: 'the newest segment', file: 0 },
  { call: 'pread64', when: '1', of: 'the newest segment', file: 0 },
  { call: 'fdatasync', when: '1', of: 'the newest segment', file: 0 },
  { call: 'openat', when: '2', of: 'the newest segment', file: 0 },
  { call: 'openat', when: '1', of: 'the next segment', file: 1 },
  { call: 'pwrite64', when: '1', of: 'the next segment', file: 1 },
  { call: 'fdatasync', when: '1', of: 'the next segment', file: 1 },
  { call: 'pwrite64', when: '2', of: 'the next segment', file: 1 },
  { call: 'fdatasync', when: '2', of: 'the next segment', file: 1 },
  { call: 'unlink', when: '1', of: 'the drained segment', file: 0 },
])('dies at boot before $call $when of $of', async ({ call, when, file }) => {
  await goesOn();
  const before = await zdenergy.pidOf('ingest-1');
  process.kill(before, 'SIGKILL');
  const pid = await nextProcessOf(zdenergy, 'ingest-1', before);
  process.kill(pid, 'SIGSTOP');
  const path = file === undefined ? journal() : segment((await newestSegment()) + file);
  const strace = await Strace.attach(pid, { call, when, effect: 'signal=KILL', path }, releases);
  process.kill(pid, 'SIGCONT');
  await diesOf(strace, pid, call);
  // Deaths at boot are its own fault and cost it patience; a reload starts it at once.
  zdenergy.program.signal('SIGHUP');
});

it('has lost and doubled nothing through all of them', async () => {
  await goesOn();
  await gateway.finish();
  const account = await accountFor(zdenergy, database, [gateway]);
  figure('8', `death before ${deaths} steps of the journal`, accountInWords(account));
  expect(account).toEqual({
    sent: gateway.sent,
    acknowledged: gateway.sent,
    lost: 0,
    twice: 0,
    rejected: 0,
    unbalanced: 0,
  });
  expect(zdenergy.program.output).not.toContain('The journal was damaged');
});
