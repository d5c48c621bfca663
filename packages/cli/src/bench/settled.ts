/** Waiting until what was sent has become rows, or was counted as something else. */
import type { Ledger } from '@zdenergy/core';
import type { JournalTotals } from '@zdenergy/storage';
import { monotonicMs, type Address } from './generator-protocol.js';
import type { Target } from './target.js';

/** Below the noise of a run that takes seconds. */
const pollMs = 20;
/** A server that is slower than this a second is not measured but waited for. */
const slowestPerSecond = 2_000;
const patienceMs = 60_000;
/** A worker reports its ledger every second. */
const reportedWithinMs = 1_500;
const answerLimitMs = 5_000;

/** How long so many readings may take at the most. */
export const patienceForMs = (readings: number): number =>
  patienceMs + (readings / slowestPerSecond) * 1_000;

/** How many readings the database has settled: stored, or counted as something else. */
export const settledOf = ({ stored, duplicates, rejected }: JournalTotals): number =>
  stored + duplicates + rejected;

/** Waits until so many more than before are settled. @returns when that was seen. */
export async function untilSettled(
  { session }: Target,
  before: JournalTotals,
  readings: number,
): Promise<number> {
  const deadline = performance.now() + patienceForMs(readings);
  for (;;) {
    const settled = settledOf(await session.journalTotals()) - settledOf(before);
    const seenAtMs = monotonicMs();
    if (settled >= readings) return seenAtMs;
    if (performance.now() > deadline) {
      throw new Error(`only ${settled} of ${readings} readings were stored`);
    }
    await sleep(pollMs);
  }
}

/** What zdenergy itself says became of everything it received. */
async function askLedger({ host, port }: Address): Promise<Ledger> {
  const response = await fetch(`http://${host}:${port}/api/stats`, {
    signal: AbortSignal.timeout(answerLimitMs),
  });
  const { ledger } = (await response.json()) as { readonly ledger: Ledger | null };
  if (ledger === null) throw new Error('/api/stats knows of no ledger');
  return ledger;
}

/** Waits until so many wait in the journal. */
export async function untilPending(http: Address, readings: number): Promise<void> {
  const deadline = performance.now() + patienceForMs(readings);
  while ((await askLedger(http)).pending < readings) {
    if (performance.now() > deadline) throw new Error('the backlog did not come about');
    await sleep(pollMs);
  }
}

/** Waits until nothing is pending and nothing more is reported. */
export async function untilQuiet(http: Address): Promise<Ledger> {
  const deadline = performance.now() + patienceMs;
  let last = await askLedger(http);
  for (;;) {
    await sleep(reportedWithinMs);
    const ledger = await askLedger(http);
    if (ledger.pending === 0 && ledger.received === last.received) return ledger;
    if (performance.now() > deadline) throw new Error(`${ledger.pending} readings stay pending`);
    last = ledger;
  }
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
