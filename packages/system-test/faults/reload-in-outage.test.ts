/**
 * Rows 7 and 12 together: the workers are reloaded, and one is told to end, while Postgres is frozen
 * and readings wait for it. Gateways wait for the next worker, and not for the database.
 */
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords, flawless } from '../src/account.js';
import { ExternalPostgres } from '../src/external-postgres.js';
import { figure, inWords } from '../src/figures.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { reload, replaced } from '../src/workers.js';
import { Zdenergy } from '../src/zdenergy.js';

/** A second of draining, the last reads, and the start of the next worker on a busy machine. */
const servedWithinMs = 4_000;

const releases = new Releases();
afterAll(() => releases.release());

it('a reload with a frozen Postgres and a backlog keeps gateways waiting briefly', async () => {
  const postgres = await ExternalPostgres.start(releases);
  const zdenergy = await Zdenergy.start(releases, { DATABASE_URL: postgres.url, TCP_ACK: 'on' });
  await zdenergy.whenHealth('ok');
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'reloaded', 1_000).start();
  releases.push(() => gateway.destroy());
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(500));

  postgres.freeze();
  releases.push(() => postgres.resume());
  const { size } = gateway.acked;
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(size + 2_000));
  await reload(zdenergy);
  const reloadMs = gateway.slowestAckMs;

  gateway.slowestAckMs = 0;
  const before = await zdenergy.pidOf('ingest-1');
  process.kill(before, 'SIGTERM');
  await replaced(zdenergy, 'ingest-1', before);
  const acked = gateway.acked.size;
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(acked + 500));
  const endedMs = gateway.slowestAckMs;

  postgres.resume();
  await gateway.finish();
  const account = await accountFor(zdenergy, postgres.database, [gateway]);
  figure(
    '12',
    'workers reloaded, and one ended by SIGTERM, while the database is frozen',
    `a reading acknowledged after ${inWords(reloadMs)} and ${inWords(endedMs)} at most; ${accountInWords(account)}`,
  );
  expect(reloadMs).toBeLessThan(servedWithinMs);
  expect(endedMs).toBeLessThan(servedWithinMs);
  expect(gateway.refused).toBe(0);
  expect(account).toEqual(flawless(account));
});
