/**
 * What became of everything that was sent: the promise, counted.
 *
 * What always holds: the database is the witness, and the senders' own lists of what was
 * acknowledged; zdenergy's own counts are compared with these, never believed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '@zdenergy/core';
import type { Database } from './database.js';
import { numberInRow } from './numbered-reading.js';
import { eventually } from './wait.js';
import type { Zdenergy } from './zdenergy.js';

/** One question covers so many sensors: 10,000 of them need no 10,000 questions. */
const sensorsAtOnce = 500;
/** A worker reports its ledger every second. */
const reportedWithinMs = 1_500;

/** Somebody who has sent the numbered readings from 0 on. */
export interface Sender {
  readonly sensorId: string;
  /** How many different readings. */
  readonly sent: number;
  /** The numbers of those that were acknowledged. */
  readonly acked: ReadonlySet<number>;
}

export interface Account {
  readonly sent: number;
  readonly acknowledged: number;
  /** Acknowledged, but in no row. */
  readonly lost: number;
  /** Counted as stored beyond the rows that there are. */
  readonly twice: number;
  /** Refused readings; a gateway that dies half way through an object causes one. */
  readonly rejected: number;
  /** Items that the journal took, less those that the ledger knows. */
  readonly unbalanced: number;
}

/** Counts once all of them have finished and nothing waits in the journal any more. */
export async function accountFor(
  zdenergy: Zdenergy,
  database: Database,
  senders: readonly Sender[],
): Promise<Account> {
  const total = (count: (sender: Sender) => number): number =>
    senders.reduce((sum, sender) => sum + count(sender), 0);
  const acknowledged = total(({ acked }) => acked.size);
  const ledger = await settled(zdenergy, acknowledged);
  return {
    sent: total(({ sent }) => sent),
    acknowledged,
    lost: await countLost(database, senders),
    twice: ledger.stored - (await database.count('readings')),
    rejected: ledger.rejected,
    unbalanced: (await journaled(database)) - (ledger.stored + ledger.duplicates + ledger.rejected),
  };
}

/** The account when all that was sent was acknowledged, and each stored once: what one is compared with. */
export function flawless({ sent }: Account): Account {
  return { sent, acknowledged: sent, lost: 0, twice: 0, rejected: 0, unbalanced: 0 };
}

/** How many items of the journal the database has settled, those that came more than once included. */
export async function journaled(database: Database): Promise<number> {
  const { items } = await database.row<{ items: number }>(
    'SELECT coalesce(sum(position - skipped), 0)::int AS items FROM journals',
  );
  return items;
}

/** The account in words, for the table of figures. */
export function accountInWords({ acknowledged, lost, twice }: Account): string {
  const count = acknowledged.toLocaleString('en');
  return `${lost} of ${count} acknowledged lost, ${twice} stored twice`;
}

async function settled(zdenergy: Zdenergy, acknowledged: number): Promise<Ledger> {
  await eventually(async () => {
    const { ledger } = await zdenergy.stats();
    if (ledger.pending === 0 && ledger.received >= acknowledged) return;
    throw new Error(`${acknowledged} were to be settled, but it is ${JSON.stringify(ledger)}`);
  });
  // What came more than once may be in the next report only.
  await sleep(reportedWithinMs);
  return (await zdenergy.stats()).ledger;
}

async function countLost(database: Database, senders: readonly Sender[]): Promise<number> {
  let lost = 0;
  for (let at = 0; at < senders.length; at += sensorsAtOnce) {
    const some = senders.slice(at, at + sensorsAtOnce);
    const stored = await storedNumbers(database, some);
    for (const { sensorId, acked } of some) {
      const numbers = stored.get(sensorId);
      for (const number of acked) if (numbers?.has(number) !== true) lost += 1;
    }
  }
  return lost;
}

/** The numbers of the readings that are in the database, by sensor. */
async function storedNumbers(
  database: Database,
  senders: readonly Sender[],
): Promise<Map<string, Set<number>>> {
  const rows = await database.rows<{ sensor_id: string; numbers: number[] }>(
    `SELECT sensor_id, array_agg(${numberInRow}) AS numbers FROM readings
      WHERE sensor_id = ANY($1) GROUP BY sensor_id`,
    [senders.map(({ sensorId }) => sensorId)],
  );
  return new Map(rows.map(({ sensor_id, numbers }) => [sensor_id, new Set(numbers)]));
}
