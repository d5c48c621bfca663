/** Under PM2, as `pm2 start ecosystem.config.js` runs it: restarts, reloads and ends without a trace. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { Pm2 } from '../src/pm2.js';
import { commandOf } from '../src/processes.js';
import { SteadyClient } from '../src/steady-client.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

/** PM2 kills what has not ended after `kill_timeout`. */
const killTimeoutMs = 15_000;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let pm2: Pm2;
let gateway: SteadyGateway;

async function appPid(): Promise<number> {
  const app = await pm2.app();
  expect(app).toMatchObject({ status: 'online' });
  return app?.pid ?? 0;
}

beforeAll(async () => {
  zdenergy = await Zdenergy.prepare(releases, { TCP_ACK: 'on' });
  pm2 = new Pm2(zdenergy);
  await pm2.run('start', 'ecosystem.config.js');
  gateway = new SteadyGateway(zdenergy.ports.tcp, 'under pm2', 500).start();
  releases.push(() => gateway.destroy());
});

/** Resolves once readings come in and health is ok. */
async function serving(): Promise<void> {
  await zdenergy.whenHealth('ok');
  const ackedBefore = gateway.acked.size;
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(ackedBefore + 100));
}

it('is ready when PM2 says so, as one process that is the supervisor', async () => {
  // Nothing is waited for here.
  expect((await zdenergy.health()).tcp_server.started).toBe(true);
  const pid = await appPid();
  await serving();
  expect(pm2.ownProcesses).toEqual(expect.arrayContaining([pid, await zdenergy.pidOf('ingest-1')]));
});

it.each(['ingest-1', 'api', 'postgres'])('has %s back after kill -9', async (name) => {
  const supervisor = await appPid();
  const before = await eventually(() => zdenergy.pidOf(name));
  process.kill(before, 'SIGKILL');
  await eventually(async () => expect(await zdenergy.pidOf(name)).not.toBe(before));
  await serving();
  expect(await appPid()).toBe(supervisor);
});

it('is started again by PM2 when the supervisor is killed', async () => {
  const supervisor = await appPid();
  process.kill(supervisor, 'SIGKILL');
  await eventually(async () => expect(await appPid()).not.toBe(supervisor));
  await serving();
});

it('reloads its workers on SIGHUP without refusing anybody', async () => {
  const supervisor = await appPid();
  const before = [await zdenergy.pidOf('ingest-1'), await zdenergy.pidOf('api')];
  const client = new SteadyClient(zdenergy.ports.tcp, 20);
  releases.push(() => client.stop());
  await pm2.run('sendSignal', 'SIGHUP', 'zdenergy');
  await eventually(async () => {
    expect(await zdenergy.pidOf('ingest-1')).not.toBe(before[0]);
    expect(await zdenergy.pidOf('api')).not.toBe(before[1]);
  });
  await serving();
  client.stop();
  expect(client.failures).toEqual([]);
  expect(await appPid()).toBe(supervisor);
});

it('reloads as a whole', async () => {
  const supervisor = await appPid();
  const before = pm2.ownProcesses;
  await pm2.run('reload', 'zdenergy');
  expect(await appPid()).not.toBe(supervisor);
  await serving();
  expect(pm2.ownProcesses.filter((pid) => before.includes(pid)).map(commandOf)).toEqual([]);
});

it('stops in time and leaves nothing behind, then starts again', async () => {
  const tookMs = await timed(() => pm2.run('stop', 'zdenergy'));
  expect(tookMs).toBeLessThan(killTimeoutMs);
  expect(pm2.ownProcesses.map(commandOf)).toEqual([]);
  expect(await pm2.app()).toMatchObject({ status: 'stopped' });
  await pm2.run('start', 'zdenergy');
  await serving();
});

it('stays stopped when it is told so while it starts', async () => {
  await pm2.run('stop', 'zdenergy');
  const starting = pm2.run('start', 'zdenergy').catch(() => undefined);
  await eventually(() => expect(pm2.ownProcesses.length).toBeGreaterThan(2));
  await pm2.run('stop', 'zdenergy');
  await starting;
  // Ten times as long as PM2 waits before a restart.
  await sleep(1_000);
  expect(pm2.ownProcesses.map(commandOf)).toEqual([]);
  expect(await pm2.app()).toMatchObject({ status: 'stopped' });
  await pm2.run('start', 'zdenergy');
  await serving();
});

it('ends when PM2’s daemon is killed, and loses nothing of it all', async () => {
  process.kill(pm2.daemonPid, 'SIGKILL');
  await eventually(() => expect(pm2.ownProcesses.map(commandOf)).toEqual([]));
  await pm2.run('start', 'ecosystem.config.js');
  await serving();
  await gateway.finish();
  expect(gateway.surprises).toEqual([]);
  const database = await zdenergy.database();
  await eventually(async () => {
    expect(await database.count('readings', gateway.sensorId)).toBe(gateway.sent);
    const { ledger } = await zdenergy.stats();
    expect(ledger).toMatchObject({ stored: gateway.sent, rejected: 0, pending: 0 });
  });
  await pm2.run('kill');
  expect(pm2.ownProcesses.map(commandOf)).toEqual([]);
});
