/**
 * Processes die, pause and are reloaded: whoever is left carries on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { Gateway } from '../src/gateway.js';
import { isFree } from '../src/ports.js';
import { commandOf, isRunning, processesOf, signalAll } from '../src/processes.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { reload, replaced } from '../src/workers.js';
import { Zdenergy } from '../src/zdenergy.js';

/** From the figures. */
const goneWithinMs = 1_000;
/** Longer than heartbeats may be missing. */
const pauseMs = 12_000;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  await zdenergy.whenHealth('ok');
});

it.each(['ingest-1', 'api', 'postgres'])('starts %s again after kill -9', async (name) => {
  const before = await zdenergy.pidOf(name);
  process.kill(before, 'SIGKILL');
  await replaced(zdenergy, name, before);
  await zdenergy.whenHealth('ok');
  expect(zdenergy.program.output).toMatch(
    new RegExp(`🔄 restarting ${name === 'postgres' ? 'Postgres' : name} `),
  );
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  gateway.send(`{"id":"after ${name}","temp":1,"seq":1}`);
  await eventually(() => expect(gateway.answers).toEqual([{ ack: 1 }]));
  gateway.destroy();
});

it('loses nothing that it has acknowledged when it reloads, and keeps its database', async () => {
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'reload', 1_000).start();
  releases.push(() => gateway.destroy());
  const database = await zdenergy.database();
  const postgresBefore = await zdenergy.pidOf('postgres');
  for (let reloads = 1; reloads <= 2; reloads += 1) {
    const before = await zdenergy.pidOf('ingest-1');
    await reload(zdenergy);
    expect(await zdenergy.pidOf('ingest-1')).not.toBe(before);
  }
  await gateway.finish();
  expect(gateway.refused).toBe(0);
  expect(gateway.acked.size).toBe(gateway.sent);
  await eventually(async () => {
    expect(await database.count('readings', 'reload')).toBe(gateway.sent);
  });
  expect(await zdenergy.pidOf('postgres')).toBe(postgresBefore);
});

it('kills nobody after the whole machine was paused', async () => {
  const before = processesOf(zdenergy.dataDirectory).filter(isRunning).sort();
  signalAll(before, 'SIGSTOP');
  await sleep(pauseMs);
  signalAll(before, 'SIGCONT');
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'pause', 100).start();
  releases.push(() => gateway.destroy());
  // For several checks of the supervisor.
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(300));
  await gateway.finish();
  expect(gateway.connections).toBe(1);
  for (const name of ['ingest-1', 'api', 'postgres']) {
    expect(before).toContain(await zdenergy.pidOf(name));
  }
});

it('leaves nothing behind when the supervisor is killed, and starts again at once', async () => {
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'orphans', 500).start();
  releases.push(() => gateway.destroy());
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(100));
  const postgresPid = await zdenergy.pidOf('postgres');
  const workers = [await zdenergy.pidOf('ingest-1'), await zdenergy.pidOf('api')];
  zdenergy.program.signal('SIGKILL');
  await eventually(async () => {
    expect(workers.filter(isRunning)).toEqual([]);
    expect(await isFree(zdenergy.ports.tcp)).toBe(true);
    expect(await isFree(zdenergy.ports.http)).toBe(true);
  }, goneWithinMs);
  // Postgres ends by itself too, after it has written everything down.
  await eventually(() => expect(isRunning(postgresPid)).toBe(false));
  expect(processesOf(zdenergy.dataDirectory).map(commandOf)).toEqual([]);
  await zdenergy.start();
  await gateway.finish();
  const database = await zdenergy.database();
  await eventually(async () => {
    expect(await database.count('readings', 'orphans')).toBe(gateway.sent);
  });
});

it('starts again with a worker and a Postgres from before that are frozen', async () => {
  const frozen = [await zdenergy.pidOf('ingest-1'), await zdenergy.pidOf('postgres')];
  for (const pid of frozen) process.kill(pid, 'SIGSTOP');
  zdenergy.program.signal('SIGKILL');
  await zdenergy.program.exited;
  await zdenergy.start();
  await zdenergy.whenHealth('ok');
  expect(frozen.filter(isRunning)).toEqual([]);
});
