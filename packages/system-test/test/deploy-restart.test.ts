/**
 * `scripts/deploy.sh --restart` on a zdenergy that PM2 runs from a clone: what the settings and the
 * supervisor itself can spoil, and the way back.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import { builtBySed, Deployment } from '../src/deployment.js';
import { Pm2 } from '../src/pm2.js';
import { Zdenergy } from '../src/zdenergy.js';

const releases = new Releases();
afterAll(() => releases.release());

let deployment: Deployment;
let zdenergy: Zdenergy;
let pm2: Pm2;

beforeAll(async () => {
  deployment = await Deployment.prepare(releases);
  zdenergy = await Zdenergy.prepare(releases);
  pm2 = new Pm2(zdenergy, deployment.clone);
  await pm2.run('start', 'ecosystem.config.js');
  await zdenergy.whenHealth('ok');
});

/** The commit that serves; undefined: what was built in place. */
async function serving(): Promise<string | undefined> {
  const { commit } = JSON.parse((await zdenergy.ask('/api/health')).body) as { commit?: string };
  return commit;
}

const harmless = { 'package.json': builtBySed('s/trap/trap/', 'packages/ingest/dist/main.js') };

it('does not restart with settings that the new version refuses', async () => {
  const supervisor = await pm2.app();
  const file = join(deployment.clone, '.env');
  await writeFile(file, 'STALE_AFTER=soon\n');
  await deployment.commit('A version', harmless);
  expect(await deployment.deploy('--restart')).toEqual({
    code: 1,
    output: expect.stringMatching(/STALE_AFTER="soon"[^]*Nothing was changed[.]/),
  });
  expect(await pm2.app()).toEqual(supervisor);
  await rm(file);
});

it('restarts with a version, and once more with the same one', async () => {
  expect(await deployment.deploy('--restart')).toMatchObject({ code: 0 });
  expect(await serving()).toBe(await deployment.head());
  expect(await deployment.deploy('--restart')).toMatchObject({ code: 0 });
  expect(await serving()).toBe(await deployment.head());
});

it('still knows the version before after that, and goes to and fro', async () => {
  expect(await deployment.deploy('--back')).toMatchObject({ code: 0 });
  expect(await serving()).toBeUndefined();
  expect(await deployment.deploy('--back')).toMatchObject({ code: 0 });
  expect(await serving()).toBe(await deployment.head());
});

it('goes back when the new supervisor dies, though none is there to be told', async () => {
  const before = await serving();
  const trap =
    'if (!settings.dataDir.includes(\\"zdenergy-trial-\\")) process.kill(process.ppid, \\"SIGKILL\\");';
  await deployment.commit('A version that ends its supervisor', {
    'package.json': builtBySed(`$ a ${trap}`, 'packages/ingest/dist/main.js'),
  });
  expect(await deployment.deploy('--restart')).toEqual({
    code: 2,
    output: expect.stringMatching(/ingest-1 died[^]*version before serves again/),
  });
  expect(await serving()).toBe(before);
  expect(await pm2.app()).toMatchObject({ status: 'online' });
});
