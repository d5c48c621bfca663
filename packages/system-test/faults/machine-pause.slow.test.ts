/** Row 4: the whole machine pauses, as a virtual one does: afterwards everybody goes on, and nobody is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import { figure, inWords } from '../src/figures.js';
import { isRunning, processesOf, signalAll } from '../src/processes.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const pauseMs = 60_000;
/** Longer than any silence for which somebody is killed. */
const watchedMs = 15_000;

const releases = new Releases();
afterAll(() => releases.release());

it('nobody is killed for a pause of 60 s, and no gateway is disconnected', async () => {
  const zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  await zdenergy.whenHealth('ok');
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'paused', 100).start();
  releases.push(() => gateway.destroy());
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(100));
  const workers = [await zdenergy.pidOf('ingest-1'), await zdenergy.pidOf('api')];
  const postgres = await zdenergy.pidOf('postgres');
  const pids = [zdenergy.program.pid, ...workers, postgres];
  const tree = processesOf(zdenergy.dataDirectory);
  expect(tree).toEqual(expect.arrayContaining(pids));

  signalAll(tree, 'SIGSTOP');
  await sleep(pauseMs);
  // The supervisor first: it is the one that judges.
  signalAll(tree, 'SIGCONT');
  const ackedBefore = gateway.acked.size;
  const servingMs = await timed(() =>
    eventually(() => expect(gateway.acked.size).toBeGreaterThan(ackedBefore)),
  );
  const okMs = await timed(() => zdenergy.whenHealth('ok'));
  await sleep(watchedMs);

  expect(pids.filter(isRunning)).toEqual(pids);
  expect([await zdenergy.pidOf('ingest-1'), await zdenergy.pidOf('api')]).toEqual(workers);
  expect(await zdenergy.pidOf('postgres')).toBe(postgres);
  expect(zdenergy.program.output).not.toContain('🔄');
  await gateway.finish();
  const account = await accountFor(zdenergy, await zdenergy.database(), [gateway]);
  figure(
    '4',
    'the whole tree STOPped for 60 s',
    `nobody killed, serving after ${inWords(servingMs)}, ok after ${inWords(servingMs + okMs)}; ${accountInWords(account)}`,
  );
  expect(account).toMatchObject({ lost: 0, twice: 0, unbalanced: 0, sent: account.acknowledged });
  expect(gateway).toMatchObject({ connections: 1, resent: 0, refused: 0 });
});
