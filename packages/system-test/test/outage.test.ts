/**
 * The database goes away in every way that it can: gateways do not notice, health does, and when it
 * is back everything is stored by itself, once.
 */
import { Releases } from '@zdenergy/core';
import { ExternalPostgres } from '../src/external-postgres.js';
import { SteadyMonitor } from '../src/steady-client.js';
import { SteadyGateway } from '../src/steady-gateway.js';
import { eventually, timed } from '../src/wait.js';
import { Zdenergy } from '../src/zdenergy.js';

/** From the figures: health says so within 15 s; an answer comes within 100 ms. */
const noticedWithinMs = 15_000;
const answeredWithinMs = 100;
/** Far above what a commit to disk takes, far below any timeout of the database. */
const ackedWithinMs = 1_500;
/** A retry comes every 2 s at least; the rest is for a busy machine. */
const drainedWithinMs = 10_000;

const releases = new Releases();
afterAll(() => releases.release());

let postgres: ExternalPostgres;
let zdenergy: Zdenergy;
let outages = 0;

beforeAll(async () => {
  postgres = await ExternalPostgres.start(releases);
  zdenergy = await Zdenergy.start(releases, { DATABASE_URL: postgres.url, TCP_ACK: 'on' });
  await zdenergy.whenHealth('ok');
});

interface Outage {
  begin: () => Promise<void> | void;
  end: () => Promise<void> | void;
  /** What health says of it. */
  reason: RegExp;
}

/** Injects an outage under load, and checks all that must hold before, while and after. */
async function survive({ begin, end, reason }: Outage): Promise<void> {
  await zdenergy.whenHealth('ok');
  outages += 1;
  const gateway = new SteadyGateway(zdenergy.ports.tcp, `outage-${outages}`, 500).start();
  const monitor = new SteadyMonitor(zdenergy.ports.http, 50);
  releases.push(() => gateway.destroy());
  releases.push(() => monitor.stop());
  await eventually(() => expect(gateway.acked.size).toBeGreaterThan(100));

  try {
    await begin();
    await eventually(async () => {
      const health = await zdenergy.health();
      expect(health).toMatchObject({ status: 'warning', database: { connected: false } });
      expect(health.tcp_server.thread_alive).toBe(true);
      expect(health.reasons).toEqual([expect.stringMatching(reason)]);
    }, noticedWithinMs);
    const ackedBefore = gateway.acked.size;
    await eventually(() => expect(gateway.acked.size).toBeGreaterThan(ackedBefore + 500));
    await eventually(async () => {
      expect((await zdenergy.stats()).ledger.pending).toBeGreaterThan(500);
    });
  } finally {
    await end();
  }
  await gateway.finish();
  const drainedMs = await timed(() =>
    eventually(async () => {
      expect(await postgres.database.count('readings', gateway.sensorId)).toBe(gateway.sent);
    }),
  );
  expect(drainedMs).toBeLessThan(drainedWithinMs);
  await zdenergy.whenHealth('ok');
  monitor.stop();

  // The gateways had not the slightest reason to notice.
  expect(gateway).toMatchObject({ refused: 0, resent: 0, connections: 1, surprises: [] });
  expect(gateway.acked.size).toBe(gateway.sent);
  expect(gateway.slowestAckMs).toBeLessThan(ackedWithinMs);
  expect(monitor.failures).toEqual([]);
  // Of some hundred answers a few wait for this busy machine rather than for zdenergy.
  expect(monitor.quantileMs(0.95)).toBeLessThan(answeredWithinMs);
}

it('it is shut down, and starts again', async () => {
  await survive({
    begin: () => postgres.stop(),
    end: () => postgres.start(),
    reason: /The database is away: .* refuses connections.* Readings wait in the journal/,
  });
});

it('it freezes, and goes on', async () => {
  await survive({
    begin: () => postgres.freeze(),
    end: () => postgres.resume(),
    reason: /The database is away: .* does not answer\./,
  });
});

it('it refuses the password, and accepts it again', async () => {
  const { password } = new URL(postgres.url);
  const setPassword = async (value: string): Promise<void> => {
    await postgres.database.rows(`ALTER ROLE zdenergy PASSWORD '${value}'`);
    await postgres.database.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^zdenergy '`,
    );
  };
  await survive({
    begin: () => setPassword('another'),
    end: () => setPassword(password),
    reason: /refuses user zdenergy\. Check the password in DATABASE_URL/,
  });
  expect(zdenergy.program.output).not.toContain(password);
});

it('all its processes are killed, and it starts again', async () => {
  await survive({
    begin: () => postgres.kill(),
    end: () => postgres.start(),
    reason: /The database is away: .* refuses connections/,
  });
});

it('its process is killed in the middle of one batch after the other', async () => {
  const gateway = new SteadyGateway(zdenergy.ports.tcp, 'batches', 5_000).start();
  releases.push(() => gateway.destroy());
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
  await eventually(async () => {
    expect(await postgres.database.count('readings', 'batches')).toBe(gateway.sent);
  });
  expect(gateway).toMatchObject({ refused: 0, resent: 0, connections: 1 });
  expect(gateway.slowestAckMs).toBeLessThan(ackedWithinMs);
});

it('in the end nothing was lost and nothing stored twice: the ledger agrees with the tables', async () => {
  const stored = await postgres.database.count('readings');
  expect(await zdenergy.settledLedger(stored)).toEqual({
    received: stored,
    stored,
    duplicates: 0,
    rejected: 0,
    pending: 0,
  });
  expect(await postgres.database.count('rejected_readings')).toBe(0);
  const { journaled } = await postgres.database.row(
    'SELECT sum(position - skipped)::int AS journaled FROM journals',
  );
  expect(journaled).toBe(stored);
});
