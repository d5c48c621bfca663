/** Row 2: the TCP worker cannot start, since its journal's directory is a file: it is tried for ever. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import { figure, inWords } from '../src/figures.js';
import { Gateway } from '../src/gateway.js';
import { RestartWatch } from '../src/restart-watch.js';
import { SteadyMonitor } from '../src/steady-client.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const errorWithinMs = 5_000;
/** After the kill, which was not the worker's fault, the next process is there at once; then they double. */
const expectedWaitsMs = [250, 500, 1_000, 2_000, 4_000];
const jitter = 0.2;
/** What a busy machine takes to start a process that is due. */
const forkMs = 150;

const releases = new Releases();
afterAll(() => releases.release());

it('a TCP worker that dies at boot: waits as set ±20 %, API up, error within 5 s, tried until it works', async () => {
  const zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  await zdenergy.whenHealth('ok');
  const journal = join(zdenergy.dataDirectory, 'journal', 'ingest-1');
  const kept = join(zdenergy.directory, 'kept');
  const pid = await zdenergy.pidOf('ingest-1');
  const watch = new RestartWatch(zdenergy, 'ingest-1', pid, releases);
  const monitor = new SteadyMonitor(zdenergy.ports.http, 100);
  releases.push(() => monitor.stop());

  await rename(journal, kept);
  await writeFile(journal, 'no directory');
  const errorMs = await timed(async () => {
    process.kill(pid, 'SIGKILL');
    const health = await zdenergy.whenHealth('error', errorWithinMs);
    expect(health.tcp_server.thread_alive).toBe(false);
  });

  await eventually(() => expect(watch.deaths).toBe(expectedWaitsMs.length + 2));
  const waitsMs = watch.waitsMs.slice(1, expectedWaitsMs.length + 1);
  figure(
    '2',
    'crash loop: the journal’s directory is a file',
    `error after ${inWords(errorMs)}; waits ${waitsMs.map(inWords).join(', ')}`,
  );
  for (const [index, expectedMs] of expectedWaitsMs.entries()) {
    expect(waitsMs[index]).toBeGreaterThan(expectedMs * (1 - jitter) - 20);
    expect(waitsMs[index]).toBeLessThan(expectedMs * (1 + jitter) + forkMs);
  }
  expect(zdenergy.program.output).toMatch(/💥 Fatal TCP Server error: .*ingest-1/);
  expect((await zdenergy.health()).reasons.join()).toMatch(/TCP worker ingest-1 is down/);

  // Nobody but the mending of the directory has to help: the next try works.
  await rm(journal);
  await rename(kept, journal);
  const gateway = await Gateway.connect(zdenergy.ports.tcp, releases);
  gateway.send('{"id":"after the loop","temp":1,"seq":1}');
  await eventually(() => expect(gateway.answers).toEqual([{ ack: 1 }]));
  const { reasons } = await zdenergy.whenHealth('warning');
  expect(reasons).toEqual([expect.stringMatching(/ingest-1 was restarted 7 times/)]);
  monitor.stop();
  expect(monitor.failures).toEqual([]);
});
