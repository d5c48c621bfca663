/**
 * Row 6: PM2 restarts, reloads, stops and starts zdenergy fifty times under load, and its daemon is
 * killed: no orphan, nothing started again while it stops, nothing acknowledged is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords, flawless } from '../src/account.js';
import { figure, inWords, quantile } from '../src/figures.js';
import { Pm2 } from '../src/pm2.js';
import { commandOf, isRunning, treeOf } from '../src/processes.js';
import { respawnsUntilEnd } from '../src/respawn-watch.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const rounds = 50;
const readingsPerSecond = 500;
/** Three times as long as PM2 waits before it starts again what has died. */
const respawnMs = 300;
/** A round takes 2 to 5 s on a machine of its own. */
const timeoutMs = 15 * 60_000;

const releases = new Releases();
afterAll(() => releases.release());

let zdenergy: Zdenergy;
let pm2: Pm2;
let gateway: SteadyGateway;

beforeAll(async () => {
  zdenergy = await Zdenergy.prepare(releases, { TCP_ACK: 'on' });
  pm2 = new Pm2(zdenergy);
  await pm2.run('start', 'ecosystem.config.js');
  gateway = new SteadyGateway(zdenergy.ports.tcp, 'under pm2', readingsPerSecond).start();
  releases.push(() => gateway.destroy());
});

/** Ends what runs, and starts it again. */
type Round = () => Promise<unknown>;

const restart: Round = () => pm2.run('restart', 'zdenergy');
const reload: Round = () => pm2.run('reload', 'zdenergy');
const stopAndStart: Round = async () => {
  await pm2.run('stop', 'zdenergy');
  expect(pm2.ownProcesses.map(commandOf)).toEqual([]);
  await sleep(respawnMs);
  expect(pm2.ownProcesses.map(commandOf)).toEqual([]);
  return pm2.run('start', 'zdenergy');
};

/** Does it while readings come in, and checks what must hold after it. */
async function survive(round: Round): Promise<void> {
  const ackedBefore = gateway.acked.size;
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(ackedBefore));
  const supervisor = pm2.supervisorPid;
  const before = pm2.ownProcesses;
  const respawning = respawnsUntilEnd(supervisor);
  await round();
  expect(await respawning).toEqual([]);
  expect(before.filter(isRunning).map(commandOf)).toEqual([]);
  expect(pm2.supervisorPid).not.toBe(supervisor);
  const strays = (): string[] => {
    const tree = treeOf(pm2.supervisorPid);
    return pm2.ownProcesses.filter((pid) => !tree.includes(pid)).map(commandOf);
  };
  // One that Postgres has just forked may not be in the tree yet, or no longer.
  await eventually(() => expect(strays()).toEqual([]));
}

it(
  `${rounds} times restart, reload or stop and start: no orphan, nothing started while it stops`,
  async () => {
    const inTurn = [restart, reload, stopAndStart];
    const tookMs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      tookMs.push(await timed(() => survive(inTurn[round % inTurn.length])));
    }
    figure(
      '6',
      `PM2: restart, reload, stop and start in turn, ${rounds} times`,
      `no orphan, nothing started while stopping; a round took ${inWords(quantile(tookMs, 0.5))} ` +
        `(median), ${inWords(quantile(tookMs, 1))} (longest)`,
    );
  },
  timeoutMs,
);

it('kill -9 of its daemon: zdenergy ends, and nothing of it all was lost', async () => {
  const before = pm2.ownProcesses;
  const endedMs = await timed(async () => {
    process.kill(pm2.daemonPid, 'SIGKILL');
    await eventually(() => expect(pm2.ownProcesses.map(commandOf)).toEqual([]));
  });
  expect(before.length).toBeGreaterThan(2);
  await pm2.run('start', 'ecosystem.config.js');
  await gateway.finish();
  const account = await accountFor(zdenergy, await zdenergy.database(), [gateway]);
  figure(
    '6',
    'PM2’s daemon killed, after all of that',
    `no process left after ${inWords(endedMs)}; ${accountInWords(account)}`,
  );
  expect(account).toEqual(flawless(account));
  expect(gateway.surprises).toEqual([]);
  await pm2.run('kill');
  expect(pm2.ownProcesses.map(commandOf)).toEqual([]);
});
