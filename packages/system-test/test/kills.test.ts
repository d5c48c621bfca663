/** The promise itself: the TCP worker is killed at random moments under load, and nothing is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { seededRandom } from '../src/random.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const kills = 20;
const gatewayCount = 4;
const readingsPerSecond = 2_000;
/** The moment of a kill is anywhere in this time after the worker serves again. */
const spreadMs = 500;

const releases = new Releases();
afterAll(() => releases.release());

it(`loses and doubles nothing when the TCP worker is killed ${kills} times under load`, async () => {
  const zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  const database = await zdenergy.database();
  const gateways = Array.from({ length: gatewayCount }, (_, n) =>
    new SteadyGateway(zdenergy.ports.tcp, `gateway-${n}`, readingsPerSecond / gatewayCount).start(),
  );
  for (const gateway of gateways) releases.push(() => gateway.destroy());
  const total = (count: (gateway: SteadyGateway) => number): number =>
    gateways.reduce((sum, gateway) => sum + count(gateway), 0);

  const random = seededRandom(20);
  let pid = 0;
  for (let killed = 0; killed < kills; killed += 1) {
    const ackedBefore = total(({ acked }) => acked.size);
    pid = await eventually(async () => {
      const now = await zdenergy.pidOf('ingest-1');
      expect(now).not.toBe(pid);
      return now;
    });
    await eventually(() => expect(total(({ acked }) => acked.size)).toBeGreaterThan(ackedBefore));
    await sleep(random() * spreadMs);
    process.kill(pid, 'SIGKILL');
  }
  for (const gateway of gateways) await gateway.finish();

  const sent = total((gateway) => gateway.sent);
  const resent = total((gateway) => gateway.resent);
  expect(total(({ refused }) => refused)).toBe(0);
  expect(total(({ connections }) => connections)).toBeGreaterThan(kills);
  expect(total(({ acked }) => acked.size)).toBe(sent);

  const ledger = await eventually(async () => {
    const { ledger: latest } = await zdenergy.stats();
    expect(latest).toMatchObject({ pending: 0, stored: sent });
    return latest;
  });
  // A key of sensor and time keeps rows apart, so as many rows as readings are these very readings.
  for (const gateway of gateways) {
    expect(await database.count('readings', gateway.sensorId)).toBe(gateway.sent);
  }
  expect(await database.count('readings')).toBe(sent);
  const refused = await database.rows('SELECT reason, raw FROM rejected_readings');
  // A worker that dies leaves no half objects: the rest of them comes again on a new connection.
  expect(refused).toEqual([]);
  expect(ledger.rejected).toBe(0);
  // What was sent again had either been kept before, or not.
  expect(ledger.duplicates).toBeLessThanOrEqual(resent);
  expect(ledger.received).toBe(sent + ledger.duplicates);
  const { journaled } = await database.row(
    'SELECT sum(position - skipped)::int AS journaled FROM journals',
  );
  expect(journaled).toBe(ledger.received);
  expect((await zdenergy.stats()).workers).toContainEqual(
    expect.objectContaining({ name: 'ingest-1', alive: true, restarts: kills }),
  );
});
