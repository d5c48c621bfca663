/**
 * Row 2, for longer: another journal's segment lies among the worker's own, until the waits have
 * grown to 30 s; then it is taken away, and the next try works.
 */
import { copyFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import { figure, inWords } from '../src/figures.js';
import { Gateway } from '../src/gateway.js';
import { RestartWatch } from '../src/restart-watch.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

/** The ninth wait; that later ones are no longer is a unit test's part. */
const longestMs = 30_000;
const jitter = 0.2;
const forkMs = 150;
const untilLongestMs = 90_000;
const noDatabase = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere', TCP_ACK: 'on' };

const releases = new Releases();
afterAll(() => releases.release());

/** The path of a segment of a zdenergy that has one reading in its journal, and no database. */
async function segmentOf(zdenergy: Zdenergy): Promise<string> {
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  gateway.send('{"id":"any","temp":1,"seq":1}');
  await eventually(() => expect(gateway.answers).toEqual([{ ack: 1 }]));
  gateway.destroy();
  const directory = join(zdenergy.dataDirectory, 'journal', 'ingest-1');
  const name = (await readdir(directory)).find((file) => file.endsWith('.segment')) ?? '';
  return join(directory, name);
}

it('a worker that cannot start waits 30 s in the end, and starts once it can', async () => {
  const other = await Zdenergy.start(releases, noDatabase);
  const foreign = await segmentOf(other);
  const zdenergy = await Zdenergy.start(releases, noDatabase);
  await segmentOf(zdenergy);
  const intruder = join(zdenergy.dataDirectory, 'journal', 'ingest-1', '0000000900.segment');
  await copyFile(foreign, intruder);
  await other.stop();

  const pid = await zdenergy.pidOf('ingest-1');
  const watch = new RestartWatch(zdenergy, 'ingest-1', pid, releases);
  process.kill(pid, 'SIGKILL');
  // 250 ms after the kill, then 0.25, 0.5, 1, 2, 4, 8 and 16 s, after which it dies once more.
  await eventually(() => expect(watch.deaths).toBe(9), untilLongestMs);
  expect((await zdenergy.health()).status).toBe('error');
  expect(zdenergy.program.output).toMatch(/0000000900\.segment belongs to another journal/);
  await rm(intruder);

  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  gateway.send('{"id":"after the loop","temp":1,"seq":1}');
  await eventually(() => expect(gateway.answers).toEqual([{ ack: 1 }]), 1.5 * longestMs);
  const longest = watch.waitsMs[8];
  figure(
    '2',
    'crash loop: a segment of another journal',
    `the longest wait ${inWords(longest)}; starts by itself once mended`,
  );
  expect(longest).toBeGreaterThan(longestMs * (1 - jitter));
  expect(longest).toBeLessThan(longestMs * (1 + jitter) + forkMs);
});
