/**
 * Row 19: all together. The database is away for a long time, the TCP worker is killed twice
 * meanwhile, and 10,000 gateways go on sending: every reading that was acknowledged is stored once.
 *
 * OUTAGE_MINUTES says how long it is away. What always holds: the load never pauses, also not while
 * the backlog drains.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Releases } from '@zdenergy/core';
import { accountFor, accountInWords, flawless, journaled } from '../src/account.js';
import { ExternalPostgres } from '../src/external-postgres.js';
import { figure, inWords } from '../src/figures.js';
import { MemoryWatch } from '../src/memory-watch.js';
import { SteadyMonitor } from '../src/steady-client.js';
import { SteadyFleet } from '../src/steady-fleet.js';
import { eventually, timed } from '../src/wait.js';
import { replaced } from '../src/workers.js';
import { Zdenergy, type Health } from '../src/zdenergy.js';

const minuteMs = 60_000;
const outageMs = Number(process.env['OUTAGE_MINUTES'] ?? 1) * minuteMs;
const gateways = 10_000;
const readingsPerSecond = 2_000;
const kills = 2;
/** From the figures. */
const answeredWithinMs = 100;
const noticedWithinMs = 15_000;
const drainedWithinMs = outageMs / 10;
const growsByAtMostBytes = 50e6;
/** A worker that was killed is missed for a moment: then health says error. */
const missedMs = 5_000;
const healthEveryMs = 1_000;
/** For thousands that connect again at once; those whose turn is late try again after 1, 3 and 7 s. */
const connectedWithinMs = 60_000;
const meanOverMs = 5_000;

const releases = new Releases();
afterAll(() => releases.release());

let postgres: ExternalPostgres;
let zdenergy: Zdenergy;
let fleet: SteadyFleet;

beforeAll(async () => {
  postgres = await ExternalPostgres.start(releases);
  zdenergy = await Zdenergy.start(releases, { DATABASE_URL: postgres.url, TCP_ACK: 'on' });
  fleet = await SteadyFleet.start(zdenergy.ports.tcp, { gateways, readingsPerSecond }, releases);
  await zdenergy.whenHealth('ok');
}, connectedWithinMs + minuteMs);

/** Kills the TCP worker; resolves once all gateways are connected again, with how long that took. */
async function killWorker(memory: MemoryWatch): Promise<number> {
  const pid = await zdenergy.pidOf('ingest-1');
  return timed(async () => {
    process.kill(pid, 'SIGKILL');
    memory.follow(await replaced(zdenergy, 'ingest-1', pid));
    // They are told apart from those that have not noticed yet.
    const { connections } = fleet.counts;
    await eventually(() => expect(fleet.counts.connections).toBeGreaterThan(connections));
    await fleet.whenConnected(gateways, connectedWithinMs);
  });
}

/** Asks for health until told to end; keeps what it said while it was expected to be a warning. */
function watchHealth(): { said: Health[]; missWorker: () => void; end: () => Promise<void> } {
  const said: Health[] = [];
  let expectedFromMs = performance.now() + noticedWithinMs;
  let ended = false;
  const watching = (async () => {
    while (!ended) {
      const askedAtMs = performance.now();
      const health = await zdenergy.health();
      if (askedAtMs > expectedFromMs) said.push(health);
      await sleep(healthEveryMs);
    }
  })();
  return {
    said,
    missWorker: () => (expectedFromMs = performance.now() + missedMs),
    end: () => {
      ended = true;
      return watching;
    },
  };
}

it(
  `${outageMs / minuteMs} min without a database, two kill -9, 10,000 connections: the ledger balances`,
  async () => {
    const memory = new MemoryWatch(await zdenergy.pidOf('ingest-1'), releases);
    const monitor = new SteadyMonitor(zdenergy.ports.http, 50);
    releases.push(() => monitor.stop());
    await postgres.stop();
    const beganAtMs = performance.now();
    const untilShare = (share: number): Promise<void> =>
      sleep(Math.max(0, beganAtMs + outageMs * share - performance.now()));
    const health = watchHealth();
    const reconnectedMs: number[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      await untilShare(kill / (kills + 1));
      health.missWorker();
      reconnectedMs.push(await killWorker(memory));
    }
    await sleep(meanOverMs);
    const settledBytes = memory.recentBytes(meanOverMs);
    await untilShare(1);
    await health.end();
    monitor.stop();
    const grownBytes = memory.recentBytes(meanOverMs) - settledBytes;

    const { received } = (await zdenergy.stats()).ledger;
    const drainedMs = await timed(async () => {
      await postgres.start();
      // All that was there when it came back; what has come since is behind it in the journal.
      await eventually(async () => {
        expect(await journaled(postgres.database)).toBeGreaterThanOrEqual(received);
      }, 5 * drainedWithinMs);
    });
    const { connected } = fleet.counts;
    await zdenergy.whenHealth('ok');
    const { refused, surprises, slowestAckMs } = fleet.counts;
    const account = await accountFor(zdenergy, postgres.database, await fleet.finish());

    figure(
      '19',
      `${outageMs / minuteMs} min without a database, kill -9 twice, 10,000 connections, 2,000 readings/s`,
      `${received.toLocaleString('en')} waiting drained in ${inWords(drainedMs)}; all connected again ` +
        `${reconnectedMs.map(inWords).join(' and ')} after the kills, the slowest acknowledgement ` +
        `${inWords(slowestAckMs)}; health within ${inWords(monitor.quantileMs(0.95))} (95 %); memory at most ` +
        `${megabytes(memory.peakBytes)}, ${megabytes(grownBytes)} more at the end; ${accountInWords(account)}`,
    );
    const { sent } = account;
    expect(account).toEqual(flawless(account));
    // What it was to send while the database was away, at the least.
    expect(sent).toBeGreaterThan((readingsPerSecond * outageMs) / 1_000);
    expect({ connected, refused, surprises }).toEqual({
      connected: gateways,
      refused: 0,
      surprises: 0,
    });
    expect(drainedMs).toBeLessThan(drainedWithinMs);
    expect(monitor.failures).toEqual([]);
    expect(monitor.quantileMs(0.95)).toBeLessThan(answeredWithinMs);
    expect(health.said.length).toBeGreaterThan(outageMs / (4 * healthEveryMs));
    for (const { status, database, reasons } of health.said) {
      expect({ status, database, reasons: reasons.join() }).toEqual({
        status: 'warning',
        database: { connected: false },
        reasons: expect.stringMatching(/The database is away: .* Readings wait in the journal/),
      });
    }
    expect(grownBytes).toBeLessThan(growsByAtMostBytes);
  },
  2 * outageMs + 4 * minuteMs,
);

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
