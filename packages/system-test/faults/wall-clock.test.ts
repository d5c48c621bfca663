/**
 * Row 18: the clock on the wall jumps an hour ahead, back, and an hour behind, under libfaketime: no
 * status changes for it, nobody is killed, and readings keep coming.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import { figure, inWords } from '../src/figures.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const libraries = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`,
);
const hourS = 3_600;
/** Longer than any silence for which somebody is killed, or a minute's wait would be reported. */
const watchedMs = 12_000;

const releases = new Releases();
afterAll(() => releases.release());

it('an hour ahead, back, and an hour behind: no false status, nobody killed, readings flow', async () => {
  const library = libraries.find((path) => existsSync(path));
  if (library === undefined) throw new Error('this test needs libfaketime (package faketime)');
  const zdenergy = await Zdenergy.prepare(releases);
  const clock = join(zdenergy.directory, 'clock');
  const shiftClock = (seconds: number): void => {
    writeFileSync(clock, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
  };
  shiftClock(0);
  await zdenergy.start({
    TCP_ACK: 'on',
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  });
  const database = await zdenergy.database();
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'timely', 200).start();
  releases.push(() => gateway.destroy());
  await zdenergy.whenHealth('ok');
  const pids = [await zdenergy.pidOf('ingest-1'), await zdenergy.pidOf('api')];

  const shown: number[] = [];
  let answers = 0;
  for (const shiftS of [hourS, 0, -hourS]) {
    const ackedBefore = gateway.acked.size;
    shiftClock(shiftS);
    const endsAtMs = performance.now() + watchedMs;
    while (performance.now() < endsAtMs) {
      const health = await zdenergy.health();
      expect(health).toMatchObject({ status: 'ok', reasons: [] });
      expect(health.tcp_server.seconds_since_activity).toBeLessThan(5);
      answers += 1;
      await sleep(100);
    }
    // The jump is real: it shows in what zdenergy says of the time.
    const { timestamp, tcp_server } = await zdenergy.health();
    shown.push(Math.round((Date.parse(timestamp) - Date.now()) / 60_000));
    expect(Math.abs(Date.parse(timestamp) - Date.parse(tcp_server.last_activity))).toBeLessThan(
      5_000,
    );
    expect(gateway.acked.size).toBeGreaterThan(ackedBefore + 1_000);
  }
  expect(shown.map((minutes) => minutes + 0)).toEqual([60, 0, -60]);

  expect([await zdenergy.pidOf('ingest-1'), await zdenergy.pidOf('api')]).toEqual(pids);
  expect(zdenergy.program.output).not.toContain('🔄');
  await gateway.finish();
  expect(gateway).toMatchObject({ connections: 1, resent: 0, refused: 0 });
  await eventually(async () => {
    expect(await database.count('readings', gateway.sensorId)).toBe(gateway.sent);
  });
  const account = await accountFor(zdenergy, database, [gateway]);
  expect(account).toMatchObject({ lost: 0, twice: 0, rejected: 0, unbalanced: 0 });
  figure(
    '18',
    'wall clock an hour ahead, back, an hour behind',
    `ok in ${answers} of ${answers} answers over ${inWords(3 * watchedMs)}; ${accountInWords(account)}`,
  );
});
