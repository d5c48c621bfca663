/**
 * Row 9: the disk fails to sync. Nothing more is acknowledged from the file that failed, health says
 * error while it lasts, and afterwards everything goes on by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import type { Database } from '../src/database.js';
import { figure, inWords } from '../src/figures.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { Strace, type SeenCall } from '../src/strace.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const errorWithinMs = 5_000;
const goesOnWithinMs = 5_000;
const lastsMs = 4_000;
/** Syncs that had begun when the fault did may still succeed. */
const underWayMs = 500;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let database: Database;
let gateway: SteadyGateway;
let pid: number;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  database = await zdenergy.database();
  await zdenergy.whenHealth('ok');
  pid = await zdenergy.pidOf('ingest-1');
  gateway = new SteadyGateway(zdenergy.ports.tcp, 'unsynced', 500).start();
  releases.push(() => gateway.destroy());
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(100));
});

const inject = (call: string, when: string): Promise<Strace> =>
  Strace.attach(pid, { call, when, effect: 'error=EIO' }, releases, ['pwrite64', 'fdatasync']);

/** The files that failed, after checking that each was neither written nor synced again. */
function abandonedFiles(calls: readonly SeenCall[]): string[] {
  const failed = new Set<string>();
  const usedAgain: string[] = [];
  for (const { call, path, struck } of calls) {
    if (failed.has(path)) usedAgain.push(`${call} ${path}`);
    if (struck && path.endsWith('.segment')) failed.add(path);
  }
  expect(usedAgain).toEqual([]);
  return [...failed];
}

it.each(['fdatasync', 'pwrite64'])(
  'all of %s fails for seconds: no acknowledgement, error within 5 s, and it goes on afterwards',
  async (call) => {
    const strace = await inject(call, '1+');
    const errorMs = await timed(async () => {
      const health = await zdenergy.whenHealth('error', errorWithinMs);
      expect(health.reasons.join()).toMatch(
        /journal cannot be written, so readings are at risk: .*EIO/,
      );
      expect(health.tcp_server.thread_alive).toBe(true);
    });
    await sleep(underWayMs);
    const acked = gateway.acked.size;
    await sleep(lastsMs);
    expect(gateway.acked.size).toBe(acked);
    expect((await zdenergy.health()).status).toBe('error');

    const goesOnMs = await timed(async () => {
      await strace.detach();
      await eventually(() => expect(gateway.acked.size).toBeGreaterThan(acked));
    });
    await zdenergy.whenHealth('ok');
    expect(abandonedFiles(await strace.calls()).length).toBeGreaterThan(1);
    figure(
      '9',
      `${call} fails with EIO for seconds`,
      `error after ${inWords(errorMs)}, none acknowledged meanwhile, goes on ${inWords(goesOnMs)} after the end`,
    );
    expect(goesOnMs).toBeLessThan(goesOnWithinMs);
  },
);

it('a single sync that fails: the file is given up, and the next one is used', async () => {
  // Every thread of the pool counts for itself.
  const strace = await inject('fdatasync', '5');
  const { sent } = gateway;
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(sent + 500));
  await strace.detach();
  expect(abandonedFiles(await strace.calls()).length).toBeGreaterThan(0);
  await zdenergy.whenHealth('ok');
});

it('has lost and doubled nothing, in one and the same process', async () => {
  await gateway.finish();
  const account = await accountFor(zdenergy, database, [gateway]);
  figure('9', 'failing writes and syncs under load', accountInWords(account));
  expect(account).toEqual({
    sent: gateway.sent,
    acknowledged: gateway.sent,
    lost: 0,
    twice: 0,
    rejected: 0,
    unbalanced: 0,
  });
  expect(await zdenergy.pidOf('ingest-1')).toBe(pid);
  expect(gateway).toMatchObject({ connections: 1, resent: 0, surprises: [] });
});
