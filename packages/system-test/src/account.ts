/**
 * What became of everything that steady gateways sent: the promise, counted.
 *
 * What always holds: the database is the witness, and the gateways' own lists of what was
 * acknowledged; zdenergy's own counts are compared with these, never believed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '@zdenergy/core';
import type { Database } from './database.js';
import type { SteadyGateway } from './steady-gateway.js';
import { eventually } from './wait.js';
import type { Zdenergy } from './zdenergy.js';

/** Workers report every second. */
const ledgerAgeMs = 1_500;

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
  gateways: readonly SteadyGateway[],
): Promise<Account> {
  const ledger = await settled(zdenergy);
  let lost = 0;
  for (const gateway of gateways) lost += await countLost(database, gateway);
  const { journaled } = await database.row<{ journaled: number }>(
    'SELECT sum(position - skipped)::int AS journaled FROM journals',
  );
  const total = (count: (gateway: SteadyGateway) => number): number =>
    gateways.reduce((sum, gateway) => sum + count(gateway), 0);
  return {
    sent: total(({ sent }) => sent),
    acknowledged: total(({ acked }) => acked.size),
    lost,
    twice: ledger.stored - (await database.count('readings')),
    rejected: ledger.rejected,
    unbalanced: journaled - (ledger.stored + ledger.duplicates + ledger.rejected),
  };
}

/** The account in words, for the table of figures. */
export function accountInWords({ acknowledged, lost, twice }: Account): string {
  const count = acknowledged.toLocaleString('en');
  return `${lost} of ${count} acknowledged lost, ${twice} stored twice`;
}

/** The ledger that stays as it is: what is shown may be a second old, and more was stored since. */
function settled(zdenergy: Zdenergy): Promise<Ledger> {
  let before = '';
  return eventually(async () => {
    const { ledger } = await zdenergy.stats();
    if (ledger.pending > 0) throw new Error(`${ledger.pending} readings are pending`);
    const now = JSON.stringify(ledger);
    if (now === before) return ledger;
    before = now;
    await sleep(ledgerAgeMs);
    throw new Error(`the ledger is not settled: ${now}`);
  });
}

async function countLost(database: Database, gateway: SteadyGateway): Promise<number> {
  const rows = await database.rows<{ n: number }>(
    `SELECT (extract(epoch FROM time - '2024-01-01 00:00Z'))::int AS n FROM readings
      WHERE sensor_id = $1`,
    [gateway.sensorId],
  );
  const stored = new Set(rows.map(({ n }) => n));
  return [...gateway.acked].filter((seq) => !stored.has(seq)).length;
}
