/**
 * scripts/deploy.sh on a zdenergy that PM2 runs from a clone, under load all the time: a good
 * version, and versions that fail at each of the steps.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import { accountFor, flawless } from '../src/account.js';
import { builtBySed, Deployment, withVersion } from '../src/deployment.js';
import { Pm2 } from '../src/pm2.js';
import { SteadyClient, SteadyMonitor } from '../src/steady-client.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const releases = new Releases();
afterAll(() => releases.release());

let deployment: Deployment;
let zdenergy: Zdenergy;
let pm2: Pm2;
let gateways: SteadyGateway[];
let client: SteadyClient;
let monitor: SteadyMonitor;
/** The last commit that was deployed well. */
let good: string;

beforeAll(async () => {
  deployment = await Deployment.prepare(releases);
  zdenergy = await Zdenergy.prepare(releases, { TCP_ACK: 'on' });
  pm2 = new Pm2(zdenergy, deployment.clone);
  await pm2.run('start', 'ecosystem.config.js');
  const { tcp, http } = zdenergy.ports;
  gateways = ['one', 'two'].map((name) => new SteadyGateway(tcp, name, 200).start());
  client = new SteadyClient(tcp, 100);
  monitor = new SteadyMonitor(http, 100);
  releases.push(() => {
    for (const gateway of gateways) gateway.destroy();
    client.stop();
    monitor.stop();
  });
  await zdenergy.whenHealth('ok');
});

interface Build {
  readonly version: string;
  readonly commit?: string;
}

/** What serves: the answering build, and all process ids. */
async function serving(): Promise<{ build: Build; pids: (number | null)[] }> {
  const { version, commit } = JSON.parse((await zdenergy.ask('/api/health')).body) as Build;
  const { workers } = await zdenergy.stats();
  return {
    build: { version, ...(commit !== undefined && { commit }) },
    pids: workers.map(({ pid }) => pid),
  };
}

it('refuses while somebody has changed files of the clone', async () => {
  const file = join(deployment.clone, 'LICENSE');
  const original = await readFile(file);
  await writeFile(file, 'changed by hand');
  expect(await deployment.deploy()).toEqual({
    code: 1,
    output: expect.stringContaining('git status shows which'),
  });
  await writeFile(file, original);
});

it('changes nothing when the disk is full', async () => {
  const before = await serving();
  await deployment.commit('A version for which there is no room', {
    'package.json': withVersion('0.1.1'),
  });
  expect(await deployment.deployWithShortFiles(100)).toEqual({
    code: 1,
    output: expect.stringMatching(
      /could not be unpacked\. Is the disk full[^]*Nothing was changed/,
    ),
  });
  expect(await serving()).toEqual(before);
});

it('lets a good version serve, its migration applied, under the same supervisor', async () => {
  const supervisor = await pm2.app();
  good = await deployment.commit('A better version', {
    'package.json': withVersion('0.2.0'),
    'packages/storage/migrations/9000_deployed.sql': () =>
      'CREATE TABLE deployed (at timestamptz);',
  });
  const outcome = await deployment.deploy();
  expect(outcome).toEqual({ code: 0, output: expect.stringContaining('version 0.2.0 serves') });
  expect((await serving()).build).toEqual({ version: '0.2.0', commit: good });
  expect(await deployment.head()).toBe(good);
  expect(await pm2.app()).toEqual(supervisor);
  expect(await (await zdenergy.database()).rows('SELECT * FROM deployed')).toEqual([]);
  expect(await deployment.deploy()).toEqual({
    code: 0,
    output: expect.stringContaining('serves already'),
  });
});

it.each([
  [
    'does not build',
    { 'packages/core/src/index.ts': (text: string) => `${text}export const wrong: number = '';\n` },
    /error TS2322[^]*does not build/,
  ],
  [
    'cannot be understood by the supervisor that runs',
    {
      'packages/core/src/index.ts': (text: string) => text.replace(/export const wrong.*\n/, ''),
      'package.json': builtBySed(
        's/ingest: worker.snapshot/beat: worker.snapshot/',
        'packages/core/dist/worker.js',
      ),
    },
    /ingest: Invalid input[^]*use --restart[^]*failed its trial/,
  ],
])('changes nothing for a version that %s', async (_what, changes, said) => {
  const before = await serving();
  await deployment.commit('A worse version', changes);
  const { code, output } = await deployment.deploy();
  expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(said) });
  expect(output).toContain('Nothing was changed.');
  expect(await serving()).toEqual(before);
  expect(await deployment.head()).toBe(good);
});

it('goes back when the new version fails in earnest only', async () => {
  await deployment.commit('A version with a trap', {
    'package.json': builtBySed(
      '$ a if (!settings.dataDir.includes(\\"zdenergy-trial-\\")) throw new Error(\\"a trap\\");',
      'packages/ingest/dist/main.js',
    ),
  });
  const { code, output } = await deployment.deploy();
  expect({ code, output }).toEqual({
    code: 2,
    output: expect.stringMatching(/ingest-1 died[^]*version before serves again; health is ok/),
  });
  expect((await serving()).build).toEqual({ version: '0.2.0', commit: good });
  expect(await deployment.head()).toBe(good);
});

it('lets the version before serve when it is told to', async () => {
  expect(await deployment.deploy('--back')).toMatchObject({ code: 0 });
  expect((await serving()).build).toEqual({ version: '0.1.0' });
});

it('has refused nobody and lost nothing through all of that', async () => {
  await eventually(() => expect(client.connected).toBeGreaterThan(100));
  client.stop();
  monitor.stop();
  for (const gateway of gateways) await gateway.finish();
  expect([client.failures, monitor.failures]).toEqual([[], []]);
  expect(gateways.map(({ refused, surprises }) => ({ refused, surprises }))).toEqual([
    { refused: 0, surprises: [] },
    { refused: 0, surprises: [] },
  ]);
  const account = await accountFor(zdenergy, await zdenergy.database(), gateways);
  expect(account).toEqual(flawless(account));
});

it('starts the supervisor anew, too, when it is told to', async () => {
  const supervisor = await pm2.app();
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'restarted', 200).start();
  releases.push(() => gateway.destroy());
  const commit = await deployment.commit('A version without the trap', {
    'package.json': builtBySed('s/trap/trap/', 'packages/ingest/dist/main.js'),
  });
  expect(await deployment.deploy('--restart')).toMatchObject({ code: 0 });
  expect((await serving()).build).toEqual({ version: '9.9.9', commit });
  expect(await pm2.app()).toMatchObject({ status: 'online' });
  expect(await pm2.app()).not.toEqual(supervisor);
  await gateway.finish();
  const account = await accountFor(zdenergy, await zdenergy.database(), [...gateways, gateway]);
  expect(account).toEqual(flawless(account));
});
