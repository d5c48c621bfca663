/**
 * Row 14: no file descriptors are left, for want of a higher limit or in the whole system: those who
 * are connected do not notice, nor do the journal and the database; it recovers by itself.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import type { Database } from '../src/database.js';
import { ExternalPostgres } from '../src/external-postgres.js';
import { figure, inWords } from '../src/figures.js';
import { Flood } from '../src/flood.js';
import { Gateway } from '../src/gateway.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { Strace } from '../src/strace.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const run = promisify(execFile);

const limit = 64;
const floodSize = 300;
const lastsMs = 5_000;
const recoversWithinMs = 5_000;

const releases = new Releases();
afterAll(() => releases.release());

/** `ulimit -n`, also for what the process starts from now on. */
async function limitDescriptors(pid: number): Promise<void> {
  await run('prlimit', ['--pid', String(pid), `--nofile=${limit}:${limit}`]);
}

/** From the end of the fault to the acknowledgement of a gateway that is new. */
function timeToServe(port: number): Promise<number> {
  return timed(() =>
    eventually(async () => {
      const gateway = await Gateway.connect(port, releases);
      gateway.send('{"id":"newcomer","time":"2024-05-01 00:00:00","temp":1,"seq":1}');
      await eventually(() => expect(gateway.answers).toEqual([{ ack: 1 }]), 250);
      gateway.destroy();
    }),
  );
}

interface Shortage {
  readonly name: string;
  readonly begin: () => Promise<() => Promise<void>>;
}

/** Checks all that must hold while descriptors are short, and how soon it is over. */
async function survive(
  zdenergy: Zdenergy,
  database: Database,
  gateway: SteadyGateway,
  { name, begin }: Shortage,
): Promise<void> {
  const pid = await zdenergy.pidOf('ingest-1');
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(100));
  const end = await begin();
  await sleep(500);
  const ackedBefore = gateway.acked.size;
  const storedBefore = await database.count('readings', gateway.sensorId);
  await sleep(lastsMs);
  const acked = gateway.acked.size - ackedBefore;
  const stored = (await database.count('readings', gateway.sensorId)) - storedBefore;
  await end();
  const recoversMs = await timeToServe(zdenergy.ports.tcp);
  figure(
    '14',
    name,
    `${acked} acknowledged and ${stored} stored in ${inWords(lastsMs)} of it; a new gateway served after ${inWords(recoversMs)}`,
  );
  // Of some 200 a second, at the least half, on a machine that is busy with the fault itself.
  expect(acked).toBeGreaterThan(500);
  expect(stored).toBeGreaterThan(500);
  expect(recoversMs).toBeLessThan(recoversWithinMs);
  expect(await zdenergy.pidOf('ingest-1')).toBe(pid);
  expect(gateway).toMatchObject({ connections: 1, refused: 0 });
  await zdenergy.whenHealth('ok');
}

async function expectNothingLost(
  zdenergy: Zdenergy,
  database: Database,
  gateway: SteadyGateway,
): Promise<void> {
  await gateway.finish();
  const account = await accountFor(zdenergy, database, [gateway]);
  expect(account).toMatchObject({ sent: gateway.sent, acknowledged: gateway.sent });
  expect(account).toMatchObject({ lost: 0, twice: 0, rejected: 0, unbalanced: 0 });
  figure('14', 'without file descriptors, under load', accountInWords(account));
}

describe('in a zdenergy that was started with ulimit -n 64', () => {
  it('keeps connections within the limit, and goes on with those that it has', async () => {
    const postgres = await ExternalPostgres.start(releases);
    const zdenergy = await Zdenergy.prepare(releases, {
      TCP_ACK: 'on',
      DATABASE_URL: postgres.url,
    });
    const { pid } = zdenergy.launch();
    await limitDescriptors(pid);
    await zdenergy.whenHealth('ok');
    const gateway = new SteadyGateway(zdenergy.ports.tcp, 'limited', 200).start();
    releases.push(() => gateway.destroy());
    await survive(zdenergy, postgres.database, gateway, {
      name: `ulimit -n ${limit}, ${floodSize} connects`,
      begin: async () => {
        const flood = new Flood(zdenergy.ports.tcp, floodSize, releases);
        return async () => flood.end();
      },
    });
    expect(zdenergy.program.output).toMatch(/⚠️ The limit of open files allows \d+ connections/);
    expect(zdenergy.program.output).toMatch(/⚠️ Gateway .* refused: \d+ connections are open/);
    await expectNothingLost(zdenergy, postgres.database, gateway);
  });
});

describe('in a zdenergy that did not know', () => {
  let zdenergy: Zdenergy;
  let database: Database;
  let gateway: SteadyGateway;
  let pid: number;

  beforeAll(async () => {
    zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
    database = await zdenergy.database();
    await zdenergy.whenHealth('ok');
    pid = await zdenergy.pidOf('ingest-1');
    gateway = new SteadyGateway(zdenergy.ports.tcp, 'unaware', 200).start();
    releases.push(() => gateway.destroy());
  });

  it('goes on when the system has none for new connections (EMFILE)', async () => {
    await survive(zdenergy, database, gateway, {
      name: 'accept fails with EMFILE',
      begin: async () => {
        const fault = { call: 'accept4', effect: 'error=EMFILE', when: '1+' };
        const strace = await Strace.attach(pid, fault, releases);
        const flood = new Flood(zdenergy.ports.tcp, 10, releases);
        return async () => {
          await strace.detach();
          expect((await strace.calls()).filter(({ struck }) => struck).length).toBeGreaterThan(0);
          flood.end();
        };
      },
    });
  });

  it('goes on when its limit is lowered, and every descriptor is taken', async () => {
    await survive(zdenergy, database, gateway, {
      name: `limit lowered to ${limit}, ${floodSize} connects`,
      begin: async () => {
        await limitDescriptors(pid);
        const flood = new Flood(zdenergy.ports.tcp, floodSize, releases);
        return async () => {
          expect(zdenergy.program.output).toMatch(/❌ No gateway can connect: .*EMFILE/);
          flood.end();
        };
      },
    });
    await expectNothingLost(zdenergy, database, gateway);
  });
});
