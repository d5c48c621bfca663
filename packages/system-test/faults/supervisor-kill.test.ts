/**
 * Row 5: the supervisor is killed, also while its workers' event loops are blocked: nothing is left
 * behind, and it starts again with no cleaning up.
 */
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import { blockLoop, debuggable } from '../src/busy-loop.js';
import { figure, inWords } from '../src/figures.js';
import { isFree } from '../src/ports.js';
import { commandOf, isRunning, processesOf } from '../src/processes.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const freeWithinMs = 1_000;
const workers = ['ingest-1', 'api'] as const;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let gateway: SteadyGateway;

beforeAll(async () => {
  zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on', ...debuggable });
  gateway = new SteadyGateway(zdenergy.ports.tcp, 'supervised', 500).start();
  releases.push(() => gateway.destroy());
});

it.each([
  ['with workers that work', []],
  ['with a blocked TCP worker', ['ingest-1']],
  ['with a blocked API worker', ['api']],
  ['with both of them blocked', ['api', 'ingest-1']],
])(
  'kill -9 of the supervisor %s: ports free within 1 s, no orphan, starts again',
  async (how, blocked) => {
    const ackedBefore = gateway.acked.size;
    await eventually(() => expect(gateway.acked.size).toBeGreaterThan(ackedBefore + 100));
    const pids = new Map<string, number>();
    for (const name of [...workers, 'postgres']) pids.set(name, await zdenergy.pidOf(name));
    for (const name of blocked) await blockLoop(zdenergy, pids.get(name) ?? 0);

    const freeMs = await timed(async () => {
      zdenergy.program.signal('SIGKILL');
      await eventually(async () => {
        expect(workers.filter((name) => isRunning(pids.get(name) ?? 0))).toEqual([]);
        expect(await isFree(zdenergy.ports.tcp)).toBe(true);
        expect(await isFree(zdenergy.ports.http)).toBe(true);
      }, 5 * freeWithinMs);
    });
    // Postgres ends by itself too, after it has written everything down.
    await eventually(() => expect(processesOf(zdenergy.dataDirectory).map(commandOf)).toEqual([]));
    const startedMs = await timed(() => zdenergy.start());
    await zdenergy.whenHealth('ok');
    figure(
      '5',
      `supervisor killed ${how}`,
      `ports free after ${inWords(freeMs)}, no orphan; ready again ${inWords(startedMs)} after the next start`,
    );
    expect(freeMs).toBeLessThan(freeWithinMs);
  },
);

it('starts again also when all that it left was stopped by a signal', async () => {
  const left = processesOf(zdenergy.dataDirectory).filter((pid) => pid !== zdenergy.program.pid);
  for (const pid of left) process.kill(pid, 'SIGSTOP');
  zdenergy.program.signal('SIGKILL');
  await zdenergy.program.exited;
  const startedMs = await timed(() => zdenergy.start());
  await zdenergy.whenHealth('ok');
  expect(left.filter(isRunning)).toEqual([]);
  figure('5', 'supervisor killed, its children STOPped', `ready again after ${inWords(startedMs)}`);
});

it('has lost nothing of what it acknowledged', async () => {
  await gateway.finish();
  const account = await accountFor(zdenergy, await zdenergy.database(), [gateway]);
  expect(account).toMatchObject({ lost: 0, twice: 0, unbalanced: 0, sent: account.acknowledged });
  expect(gateway.acked.size).toBeGreaterThan(1_000);
  figure('5', 'supervisor killed 5 times under load', accountInWords(account));
});
