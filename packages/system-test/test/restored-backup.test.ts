/**
 * Half of the data directory is older than the other half, because somebody restored a backup or
 * copied a directory: what comes in from now on is stored, and what is missing is said.
 */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Releases } from '@zdenergy/core';
import type { Database } from '../src/database.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const run = promisify(execFile);

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let database: Database;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  database = await zdenergy.database();
});

/** Sends for a while and stops zdenergy; resolves with how many readings were sent and are stored. */
async function storeSome(sensorId: string): Promise<number> {
  const gateway = new SteadyGateway(zdenergy.ports.tcp, sensorId, 500).start();
  releases.push(() => gateway.destroy());
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(300));
  await gateway.finish();
  await eventually(async () => {
    expect(await database.count('readings', sensorId)).toBe(gateway.sent);
  });
  expect(await zdenergy.stop()).toMatchObject({ code: 0 });
  return gateway.sent;
}

/** Replaces a part of the data directory by a copy that was made before `work`. */
async function withOlder(name: 'journal' | 'postgres', work: () => Promise<void>): Promise<void> {
  const original = join(zdenergy.dataDirectory, name);
  const backup = join(zdenergy.directory, `${name}-backup`);
  await run('cp', ['--archive', original, backup]);
  await work();
  await rm(original, { recursive: true });
  await run('mv', [backup, original]);
}

it('stores what comes in when the journal is older than the database', async () => {
  await storeSome('before the backup');
  await withOlder('journal', async () => {
    await zdenergy.start();
    await storeSome('after the backup');
  });

  await zdenergy.start();
  await storeSome('after the restore');
  expect(zdenergy.program.output).toMatch(
    /❌ .*The database is ahead of the journal in .*restored from a backup, or copied/,
  );
});

it('stores again what the journal still has when the database is older', async () => {
  let sent = 0;
  await withOlder('postgres', async () => {
    await zdenergy.start();
    sent = await storeSome('not in the backup');
  });

  await zdenergy.start();
  await storeSome('after the database’s restore');
  await zdenergy.start();
  expect(await database.count('readings', 'not in the backup')).toBe(sent);
});
