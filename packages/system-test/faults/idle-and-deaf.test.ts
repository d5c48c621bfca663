/**
 * Row 16: ten thousand connections that say nothing, and gateways that never read their answers: each
 * costs little, and a good gateway beside them is served.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import { figure, inWords } from '../src/figures.js';
import { Gateway } from '../src/gateway.js';
import { HeldConnections } from '../src/held-connections.js';
import { megabytesInWords, MemoryWatch } from '../src/memory-watch.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const maxGrowthBytes = 50 * 1024 * 1024;
const heldCount = 10_000;
const deafCount = 3;
const servedWithinMs = 1_000;
/** The memory of a process that has just started still grows by itself. */
const warmUpMs = 5_000;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let pid: number;
let good: SteadyGateway;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, {
    TCP_ACK: 'on',
    TCP_MAX_CONNECTIONS: String(heldCount + 100),
    TCP_IDLE_TIMEOUT: '5m',
  });
  await zdenergy.whenHealth('ok');
  pid = await zdenergy.pidOf('ingest-1');
  good = new SteadyGateway(zdenergy.ports.tcp, 'good', 100).start();
  releases.push(() => good.destroy());
  await sleep(warmUpMs);
});

function expectGoodUndisturbed(): void {
  expect(good).toMatchObject({ connections: 1, refused: 0, resent: 0, surprises: [] });
}

it('10,000 idle connections are held', async () => {
  const memory = new MemoryWatch(pid, releases);
  const held = await HeldConnections.open(zdenergy.ports.tcp, heldCount, releases);
  await eventually(async () => {
    expect((await zdenergy.stats()).tcp.open).toBe(heldCount + 1);
  });
  const newcomer = await Gateway.connect(zdenergy.ports.tcp, releases);
  newcomer.send('{"id":"newcomer","temp":1,"seq":1}');
  await eventually(() => expect(newcomer.answers).toEqual([{ ack: 1 }]), servedWithinMs);
  newcomer.destroy();
  const growth = memory.growthBytes;
  figure(
    '16',
    `${heldCount.toLocaleString('en')} idle connections`,
    `memory grew by ${megabytesInWords(growth)}, ${(growth / heldCount / 1024).toFixed(1)} KB each; ` +
      `a good gateway acknowledged within ${inWords(good.slowestAckMs)} at most`,
  );
  expect(held.closed).toBe(0);
  expectGoodUndisturbed();
  await held.end();
  await eventually(async () => expect((await zdenergy.stats()).tcp.open).toBe(1));
});

/** Sends and never reads until all of them are disconnected; resolves with the growth of memory. */
async function disconnectDeaf(round: number): Promise<number> {
  const memory = new MemoryWatch(pid, releases);
  const deaf = await Promise.all(
    Array.from({ length: deafCount }, () =>
      Gateway.connect(zdenergy.ports.tcp, releases, { reads: false }),
    ),
  );
  let seq = 0;
  await eventually(() => {
    for (const gateway of deaf) {
      for (let n = 0; n < 2_000 && gateway.unsentBytes < 100_000; n += 1, seq += 1) {
        gateway.send(
          `{"id":"deaf-${round}","time":${1_700_000_000 + seq},"temp":1,"seq":${seq}}\n`,
        );
      }
    }
    expect(deaf.filter(({ isClosed }) => !isClosed)).toHaveLength(0);
  }, 60_000);
  const database = await zdenergy.database();
  await eventually(async () => {
    expect(await database.count('readings', `deaf-${round}`)).toBeGreaterThan(5_000);
  });
  return memory.growthBytes;
}

it('gateways that never read their answers are disconnected, and leave nothing behind', async () => {
  // The first ones also bring the load that a worker's buffers grow to once.
  const firstGrowth = await disconnectDeaf(1);
  const growth = await disconnectDeaf(2);
  figure(
    '16',
    `${deafCount} gateways that never read their answers, twice`,
    `all disconnected; memory grew by ${megabytesInWords(firstGrowth)}, then by ${megabytesInWords(growth)}`,
  );
  expect(zdenergy.program.output).toMatch(/⚠️ .*does not read its answers/);
  expect(growth).toBeLessThan(maxGrowthBytes);
  expectGoodUndisturbed();
});

it('has lost nothing of the good gateway, in one and the same process', async () => {
  await good.finish();
  const account = await accountFor(zdenergy, await zdenergy.database(), [good]);
  figure('16', 'good gateway beside idle and deaf ones', accountInWords(account));
  expect(account).toMatchObject({ lost: 0, twice: 0, unbalanced: 0 });
  expect(account.acknowledged).toBe(account.sent);
  expect(await zdenergy.pidOf('ingest-1')).toBe(pid);
});
