/**
 * Row 9, the other way: what was synced cannot be read back to be stored. Gateways go on, health says
 * which disk is at fault and does not blame the database, and it mends itself.
 */
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import { figure, inWords } from '../src/figures.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { Strace } from '../src/strace.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const errorWithinMs = 5_000;
const goesOnWithinMs = 10_000;

const releases = new Releases();
afterAll(() => releases.release());

it('a journal that cannot be read is an error of the disk, and nothing is lost by it', async () => {
  const zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  const database = await zdenergy.database();
  await zdenergy.whenHealth('ok');
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'unread', 500).start();
  releases.push(() => gateway.destroy());
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(100));

  const fault = { call: 'pread64', when: '1+', effect: 'error=EIO' };
  const strace = await Strace.attach(await zdenergy.pidOf('ingest-1'), fault, releases);
  const errorMs = await timed(async () => {
    const health = await zdenergy.whenHealth('error', errorWithinMs);
    expect(health.reasons.join()).toMatch(
      /Readings cannot be stored and are at risk: the journal in .* cannot be read: .*EIO/,
    );
    expect(health.database.connected).toBe(true);
  });
  const { size } = gateway.acked;
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(size + 500));

  const goesOnMs = await timed(async () => {
    await strace.detach();
    await zdenergy.whenHealth('ok', goesOnWithinMs);
  });
  await gateway.finish();
  const account = await accountFor(zdenergy, database, [gateway]);
  figure(
    '9',
    'reading the journal fails with EIO for seconds',
    `error after ${inWords(errorMs)}, gateways go on, ok ${inWords(goesOnMs)} after the end; ${accountInWords(account)}`,
  );
  expect(account).toMatchObject({ lost: 0, twice: 0, rejected: 0, unbalanced: 0 });
  expect(gateway).toMatchObject({ connections: 1, resent: 0, surprises: [] });
});
