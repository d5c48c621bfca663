/**
 * Row 12: the database goes away in every way that it can: gateways do not notice, health does, and
 * when it is back everything is stored by itself, once, in a tenth of the time.
 */
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords, flawless } from '../src/account.js';
import { suffer, survivedInWords, type Outage } from '../src/database-outage.js';
import { ExternalPostgres } from '../src/external-postgres.js';
import { figure } from '../src/figures.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

/** From the figures. */
const answeredWithinMs = 100;
const drainShare = 0.1;
/** Far above what a commit to disk takes, far below any timeout of the database. */
const ackedWithinMs = 1_500;
const load = { lastsMs: 30_000, readingsPerSecond: 2_000 };

const releases = new Releases();
afterAll(() => releases.release());

let postgres: ExternalPostgres;
let zdenergy: Zdenergy;
const gateways: SteadyGateway[] = [];

beforeAll(async () => {
  postgres = await ExternalPostgres.start(releases);
  zdenergy = await Zdenergy.start(releases, { DATABASE_URL: postgres.url, TCP_ACK: 'on' });
});

async function setPassword(value: string): Promise<void> {
  await postgres.database.rows(`ALTER ROLE zdenergy PASSWORD '${value}'`);
  await postgres.database.rows(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^zdenergy '`,
  );
}

const password = (): string => new URL(postgres.url).password;

const outages: readonly Outage[] = [
  {
    ...load,
    name: 'shut down',
    begin: () => postgres.stop(),
    end: () => postgres.start(),
    reason: /The database is away: .* refuses connections.* Readings wait in the journal/,
  },
  {
    ...load,
    name: 'frozen',
    begin: () => postgres.freeze(),
    end: () => postgres.resume(),
    reason: /The database is away: .* does not answer\./,
  },
  {
    ...load,
    name: 'refusing the password',
    begin: () => setPassword('another'),
    end: () => setPassword(password()),
    reason: /refuses user zdenergy\. Check the password in DATABASE_URL/,
  },
  {
    ...load,
    name: 'killed',
    begin: () => postgres.kill(),
    end: () => postgres.start(),
    reason: /The database is away: .* refuses connections/,
  },
];

it.each(outages)('it is $name, and comes back', async (outage) => {
  const survived = await suffer(zdenergy, postgres.database, releases, outage);
  const { gateway, lastedMs, drainedMs, promptness } = survived;
  gateways.push(gateway);
  figure('12', `database ${outage.name} at 2,000 readings/s`, survivedInWords(survived));
  // The gateways had not the slightest reason to notice.
  expect(gateway).toMatchObject({ refused: 0, resent: 0, connections: 1, surprises: [] });
  expect(gateway.slowestAckMs).toBeLessThan(ackedWithinMs);
  expect(promptness.failures).toEqual([]);
  expect(promptness.p95Ms).toBeLessThan(answeredWithinMs);
  expect(drainedMs).toBeLessThan(lastedMs * drainShare);
  expect(zdenergy.program.output).not.toContain(password());
});

it('its process is killed in the middle of one batch after the other', async () => {
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'batches', 5_000).start();
  releases.push(() => gateway.destroy());
  gateways.push(gateway);
  for (let kills = 0; kills < 5; kills += 1) {
    // Asked until a session is met in the middle of a COPY.
    const pid = await eventually(async () => {
      const row = await postgres.database.row<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
          WHERE application_name = 'zdenergy drain' AND state = 'active' AND query ~ '^COPY readings'`,
      );
      return row.pid;
    });
    process.kill(pid, 'SIGKILL');
    const ackedBefore = gateway.acked.size;
    await eventually(() => expect(gateway.acked.size).toBeGreaterThan(ackedBefore + 1_000));
  }
  await gateway.finish();
  expect(gateway).toMatchObject({ refused: 0, resent: 0, connections: 1 });
  expect(gateway.slowestAckMs).toBeLessThan(ackedWithinMs);
});

it('in the end nothing was lost and nothing stored twice: the ledger agrees with the tables', async () => {
  const account = await accountFor(zdenergy, postgres.database, gateways);
  figure('12', 'all outages, and killed 5 times mid-batch', accountInWords(account));
  expect(account).toEqual(flawless(account));
  expect(await postgres.database.count('readings')).toBe(account.sent);
});
