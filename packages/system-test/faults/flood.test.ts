/**
 * Row 16: thousands of connects at once, drips and endless lines together: good gateways do not
 * notice, and memory stays bounded.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import { figure, inWords } from '../src/figures.js';
import { Flood } from '../src/flood.js';
import { Gateway } from '../src/gateway.js';
import { megabytesInWords, MemoryWatch } from '../src/memory-watch.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const maxGrowthBytes = 50 * 1024 * 1024;
const floodSize = 5_000;
const dripEveryMs = 10_000;
const drips = 3;
const piece = Buffer.alloc(1024 * 1024, 'x');
const pieces = 100;
/** Far above what a commit takes, also while thousands connect. */
const ackedWithinMs = 3_000;
/** The memory of a process that has just started still grows by itself. */
const warmUpMs = 5_000;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let pid: number;
let good: SteadyGateway[];

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, {
    TCP_ACK: 'on',
  });
  await zdenergy.whenHealth('ok');
  pid = await zdenergy.pidOf('ingest-1');
  good = Array.from({ length: 10 }, (_, n) =>
    new SteadyGateway(zdenergy.ports.tcp, `good-${n}`, 50).start(),
  );
  for (const gateway of good) releases.push(() => gateway.destroy());
  await sleep(warmUpMs);
});

const connect = (): Promise<Gateway> => Gateway.connect(zdenergy.ports.tcp, releases);

async function sendEndless(beginning: string, ending: string): Promise<void> {
  const gateway = await connect();
  gateway.send(beginning);
  for (let sent = 0; sent < pieces; sent += 1) await gateway.sendInPieces([piece]);
  await gateway.end(ending);
}

/** One byte in ten seconds, then the rest of the reading at once. */
async function drip(index: number): Promise<void> {
  const gateway = await connect();
  const bytes = Buffer.from(`{"id":"drip-${index}","temp":1,"seq":"drip"}`);
  for (let sent = 0; sent < drips; sent += 1) {
    gateway.send(bytes.subarray(sent, sent + 1));
    await sleep(dripEveryMs);
  }
  // It was silent for less than the idle timeout each time, so it may go on.
  gateway.send(bytes.subarray(drips));
  await eventually(() => expect(gateway.answers).toEqual([{ ack: 'drip' }]));
  gateway.destroy();
}

it('5,000 connects, drips and endless lines together leave good gateways alone', async () => {
  const memory = new MemoryWatch(pid, releases);
  const flood = new Flood(zdenergy.ports.tcp, floodSize, releases);
  await Promise.all([
    ...Array.from({ length: 20 }, (_, index) => drip(index)),
    sendEndless('{"id":"endless","text":"', '"}{"id":"after an endless object","temp":1}'),
    sendEndless('', '{"id":"after an endless line","temp":1}'),
  ]);
  await eventually(() => expect(flood.open).toBe(floodSize));
  const growth = memory.growthBytes;
  const slowestAckMs = Math.max(...good.map((gateway) => gateway.slowestAckMs));
  figure(
    '16',
    `${floodSize.toLocaleString('en')} connects, 20 drips, two endless lines of ${pieces} MB together`,
    `memory grew by ${megabytesInWords(growth)}; good gateways acknowledged within ${inWords(slowestAckMs)} at most`,
  );
  for (const gateway of good) {
    expect(gateway).toMatchObject({ connections: 1, refused: 0, resent: 0, surprises: [] });
  }
  expect(slowestAckMs).toBeLessThan(ackedWithinMs);
  expect(growth).toBeLessThan(maxGrowthBytes);
  const database = await zdenergy.database();
  await eventually(async () => {
    expect(await database.count('readings', 'after an endless object')).toBe(1);
    expect(await database.count('readings', 'after an endless line')).toBe(1);
  });
  flood.end();
  await eventually(async () => {
    expect((await zdenergy.stats()).tcp.open).toBe(good.length);
  });
});

it('has lost nothing of the good gateways, in one and the same process', async () => {
  for (const gateway of good) await gateway.finish();
  const account = await accountFor(zdenergy, await zdenergy.database(), good);
  figure('16', 'good gateways through the flood', accountInWords(account));
  expect(account).toMatchObject({ lost: 0, twice: 0, unbalanced: 0 });
  expect(account.acknowledged).toBe(account.sent);
  expect(await zdenergy.pidOf('ingest-1')).toBe(pid);
});
