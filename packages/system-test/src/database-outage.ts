/**
 * An outage of the database under load, and what was measured before, during and after it.
 *
 * What always holds: the outage is ended, whatever goes wrong meanwhile; the database is the witness
 * of what was stored.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Releases } from '@zdenergy/core';
import type { Database } from './database.js';
import { inWords } from './figures.js';
import { askingMeanwhile, promptnessInWords, type Promptness } from './steady-client.js';
import { SteadyGateway } from './steady-gateway.js';
import { eventually, timed } from './wait.js';
import type { Zdenergy } from './zdenergy.js';

/** From the figures: health says so within 15 s. */
const noticedWithinMs = 15_000;
/** So many are stored before anything breaks. */
const readingsBefore = 100;

export interface Outage {
  readonly name: string;
  readonly begin: () => Promise<void> | void;
  readonly end: () => Promise<void> | void;
  /** What health says of it. */
  readonly reason: RegExp;
  readonly lastsMs: number;
  readonly readingsPerSecond: number;
}

export interface Survived {
  readonly gateway: SteadyGateway;
  /** From the beginning until health said so. */
  readonly noticedMs: number;
  readonly lastedMs: number;
  /** Readings that waited when it ended. */
  readonly backlog: number;
  /** From the end until the last of the backlog was stored. */
  readonly drainedMs: number;
  readonly promptness: Promptness;
}

/** Injects it under load; resolves once it is over, and all that was sent is acknowledged and stored. */
export async function suffer(
  zdenergy: Zdenergy,
  database: Database,
  releases: Releases,
  { name, begin, end, reason, lastsMs, readingsPerSecond }: Outage,
): Promise<Survived> {
  await zdenergy.whenHealth('ok');
  const gateway = new SteadyGateway(zdenergy.ports.tcp, name, readingsPerSecond).start();
  releases.push(() => gateway.destroy());
  // Stored, so that what breaks is the storing and not the preparing of tables.
  await eventually(async () =>
    atLeast(readingsBefore, await database.count('readings', name), 'stored'),
  );
  let noticedMs = Infinity;
  let lastedMs = 0;
  let drainedMs = Infinity;
  let backlog = 0;
  const promptness = await askingMeanwhile(zdenergy.ports.http, releases, async () => {
    const beganAtMs = performance.now();
    try {
      await begin();
      noticedMs = await timed(() => eventually(() => saysSo(zdenergy, reason), noticedWithinMs));
      await sleep(beganAtMs + lastsMs - performance.now());
      backlog = (await zdenergy.stats()).ledger.pending;
    } finally {
      await end();
    }
    lastedMs = performance.now() - beganAtMs;
    const due = gateway.sent;
    drainedMs = await timed(() =>
      eventually(async () => atLeast(due, await database.count('readings', name), 'stored')),
    );
    await zdenergy.whenHealth('ok');
  });
  await gateway.finish();
  await eventually(async () =>
    atLeast(gateway.sent, await database.count('readings', name), 'stored'),
  );
  return { gateway, noticedMs, lastedMs, backlog, drainedMs, promptness };
}

/** For the table of figures. */
export function survivedInWords(survived: Survived): string {
  const { gateway, noticedMs, lastedMs, backlog, drainedMs, promptness } = survived;
  return (
    `said so after ${inWords(noticedMs)}; after ${inWords(lastedMs)} a backlog of ` +
    `${backlog.toLocaleString('en')} drained in ${inWords(drainedMs)}; acknowledged within ` +
    `${inWords(gateway.slowestAckMs)} at most; ${promptnessInWords(promptness)}`
  );
}

async function saysSo(zdenergy: Zdenergy, reason: RegExp): Promise<void> {
  const { status, database, tcp_server, reasons } = await zdenergy.health();
  const isTold = reasons.length === 1 && reason.test(reasons[0]);
  if (status === 'warning' && !database.connected && tcp_server.thread_alive && isTold) return;
  throw new Error(`health is ${status}: ${reasons.join(' ')}`);
}

function atLeast(wanted: number, count: number, what: string): void {
  if (count < wanted) throw new Error(`${count} of ${wanted} readings are ${what}`);
}
