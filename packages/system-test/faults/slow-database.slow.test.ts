/**
 * Row 12: the database is there, but slow: somebody holds a lock on its tables, or every packet to it
 * takes its time. Gateways do not notice; health says so where readings have to wait for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords } from '../src/account.js';
import { suffer, survivedInWords, type Outage } from '../src/database-outage.js';
import { ExternalPostgres } from '../src/external-postgres.js';
import { figure, inWords } from '../src/figures.js';
import { SlowLink } from '../src/slow-link.js';
import { askingMeanwhile, promptnessInWords } from '../src/steady-client.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

const answeredWithinMs = 100;
const drainShare = 0.1;
const ackedWithinMs = 1_500;
/** From the figures: health says within 15 s that the database is away; a second for the worker to come. */
const noticedWithinMs = 16_000;
const load = { lastsMs: 20_000, readingsPerSecond: 1_000 };

const releases = new Releases();
afterAll(() => releases.release());

let postgres: ExternalPostgres;
let link: SlowLink;
let zdenergy: Zdenergy;
const gateways: SteadyGateway[] = [];

beforeAll(async () => {
  postgres = await ExternalPostgres.start(releases);
  const url = new URL(postgres.url);
  link = await SlowLink.open(Number(url.port), releases);
  url.port = String(link.port);
  zdenergy = await Zdenergy.start(releases, { DATABASE_URL: url.href, TCP_ACK: 'on' });
  await zdenergy.whenHealth('ok');
});

let unlock: () => Promise<void> = async () => undefined;

const outages: readonly Outage[] = [
  {
    ...load,
    name: 'locked',
    begin: async () => {
      unlock = await postgres.database.lock('readings');
    },
    end: () => unlock(),
    reason: /has not finished storing readings for .*lock/,
  },
  {
    ...load,
    name: 'three seconds away',
    begin: () => void (link.delayMs = 3_000),
    end: () => void (link.delayMs = 0),
    reason: /The database is away: .* does not answer\./,
  },
];

it.each(outages)('it is $name for 20 s', async (outage) => {
  const survived = await suffer(zdenergy, postgres.database, releases, outage);
  const { gateway, lastedMs, drainedMs, promptness } = survived;
  gateways.push(gateway);
  figure('12', `database slow: ${outage.name}, at 1,000 readings/s`, survivedInWords(survived));
  expect(gateway).toMatchObject({ refused: 0, resent: 0, connections: 1, surprises: [] });
  expect(gateway.slowestAckMs).toBeLessThan(ackedWithinMs);
  expect(promptness.failures).toEqual([]);
  expect(promptness.p95Ms).toBeLessThan(answeredWithinMs);
  expect(drainedMs).toBeLessThan(lastedMs * drainShare);
});

it('each packet takes 200 ms: readings are stored within seconds all the same', async () => {
  await zdenergy.whenHealth('ok');
  link.delayMs = 200;
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'far', 2_000).start();
  releases.push(() => gateway.destroy());
  gateways.push(gateway);
  let mostPending = 0;
  const promptness = await askingMeanwhile(zdenergy.ports.http, releases, async () => {
    for (let seconds = 0; seconds < 12; seconds += 1) {
      await sleep(1_000);
      const { ledger } = await zdenergy.stats();
      mostPending = Math.max(mostPending, ledger.pending);
      expect(await zdenergy.health()).toMatchObject({ status: 'ok', reasons: [] });
    }
  });
  await gateway.finish();
  await eventually(async () => {
    expect(await postgres.database.count('readings', gateway.sensorId)).toBe(gateway.sent);
  });
  link.delayMs = 0;
  figure(
    '12',
    'database slow: each packet takes 200 ms, at 2,000 readings/s',
    `${mostPending.toLocaleString('en')} readings pending at most, health ok; acknowledged within ` +
      `${inWords(gateway.slowestAckMs)} at most; ${promptnessInWords(promptness)}`,
  );
  // What comes in 10 s, if it took as long as that to store readings.
  expect(mostPending).toBeLessThan(20_000);
  expect(gateway).toMatchObject({ refused: 0, resent: 0, connections: 1, surprises: [] });
  expect(gateway.slowestAckMs).toBeLessThan(ackedWithinMs);
  expect(promptness.failures).toEqual([]);
  expect(promptness.p95Ms).toBeLessThan(answeredWithinMs);
});

it('health says so when the tables cannot be prepared, because another program holds that lock', async () => {
  const release = await postgres.database.hold('SELECT pg_advisory_xact_lock(7246000)');
  try {
    const ingest = await zdenergy.pidOf('ingest-1');
    process.kill(ingest, 'SIGKILL');
    await eventually(async () => expect(await zdenergy.pidOf('ingest-1')).not.toBe(ingest));
    const noticedMs = await timed(() =>
      eventually(async () => {
        const { status, reasons } = await zdenergy.health();
        expect(status).toBe('warning');
        expect(reasons).toEqual([
          expect.stringMatching(/not finished preparing the tables .*lock/),
        ]);
      }, noticedWithinMs),
    );
    figure(
      '12',
      'database slow: its tables cannot be prepared',
      `said so after ${inWords(noticedMs)}`,
    );
  } finally {
    await release();
  }
  await zdenergy.whenHealth('ok');
});

it('in the end nothing was lost and nothing stored twice', async () => {
  const account = await accountFor(zdenergy, postgres.database, gateways);
  figure('12', 'slow database under load', accountInWords(account));
  expect(account).toMatchObject({ lost: 0, twice: 0, rejected: 0, unbalanced: 0 });
  expect(account.acknowledged).toBe(account.sent);
});
