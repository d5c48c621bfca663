/** The promise itself: the TCP worker is killed at random moments under load, and nothing is lost. */
import { Releases } from '@zdenergy/core';
import { accountFor, flawless } from '../src/account.js';
import { killUnderLoad } from '../src/kills-under-load.js';
import { Zdenergy } from '../src/zdenergy.js';

/** A hundred are killed among the faults. */
const count = 20;
const seed = 20;

const releases = new Releases();
afterAll(() => releases.release());

it(`loses and doubles nothing when the TCP worker is killed ${count} times under load`, async () => {
  const zdenergy = await Zdenergy.start(releases, { TCP_ACK: 'on' });
  const database = await zdenergy.database();
  const { gateways, senders } = await killUnderLoad(zdenergy, { count, seed }, releases);

  const account = await accountFor(zdenergy, database, senders);
  const { sent } = account;
  expect(account).toEqual(flawless(account));
  // A key of sensor and time keeps rows apart, so as many rows as readings are these very readings.
  expect(await database.count('readings')).toBe(sent);
  const { ledger, workers } = await zdenergy.stats();
  // What was sent again had either been kept before, or not.
  const resent = gateways.reduce((sum, gateway) => sum + gateway.resent, 0);
  expect(ledger.duplicates).toBeLessThanOrEqual(resent + count);
  expect(ledger.received).toBe(sent + ledger.duplicates);
  for (const { refused, connections, surprises } of gateways) {
    expect({ refused, surprises }).toEqual({ refused: 0, surprises: [] });
    expect(connections).toBeGreaterThan(count);
  }
  expect(workers).toContainEqual(
    expect.objectContaining({ name: 'ingest-1', alive: true, restarts: count }),
  );
});
