/**
 * What it costs when readings are sent again: each is stored once, and the ledger balances.
 *
 * What always holds: the number of repeated lines is known beforehand, and zdenergy must count just
 * as many duplicates.
 */
import type { Releases } from '@zdenergy/core';
import type { Lab } from './lab.js';
import type { Findings, Part } from './parts.js';
import { resentCount, type Plan } from './payload.js';
import { untilSettled } from './settled.js';
import { count, number, percent, table } from './table.js';
import type { Target } from './target.js';
import { requireAll } from './throughput.js';
import { atMost } from './verdicts.js';

const shares = [0, 0.01, 0.5];
const connections = 10;
const sensors = 1_000;
const stepMs = 5_000;
const dayMs = 86_400_000;

export interface Resent {
  /** Of all lines, the part that repeats an earlier one. */
  readonly share: number;
  readonly lines: number;
  readonly linesPerSecond: number;
  /** How far the counts are from what they should be, in all. */
  readonly unbalanced: number;
}

export interface ResentFigures {
  readonly runs: readonly Resent[];
}

export const resent: Part = {
  name: 'resent',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    const target = await lab.target(releases);
    const runs: Resent[] = [];
    for (const [index, share] of shares.entries()) {
      lab.say(`${percent(share)} of the readings sent again`);
      const plan = {
        // As many lines each time.
        readings: Math.round(lab.options.readings * (1 - share)),
        sensors,
        prefix: `${target.prefix}${index}-`,
        firstTimeMs: lab.nowMs - 10 * dayMs,
        stepMs,
      };
      runs.push(await measureResent(target, plan, share));
    }
    return { result: { runs }, ...describeResent({ runs }) };
  },
};

async function measureResent(target: Target, plan: Plan, share: number): Promise<Resent> {
  const { session, generator, address, watch } = target;
  await generator.ask('prepare', { plan, connections, resentShare: share });
  if (watch !== undefined) await session.emptyReadings();
  await session.checkpoint();
  const again = resentCount(plan.readings, share);
  const lines = plan.readings + again;
  const before = await session.journalTotals();
  const [sent, settledAtMs] = await Promise.all([
    generator.ask('flood', address),
    untilSettled(target, before, lines),
  ]);
  await requireAll(target, plan);
  const after = await session.journalTotals();
  const off = (name: 'stored' | 'duplicates' | 'rejected', expected: number): number =>
    Math.abs(after[name] - before[name] - expected);
  return {
    share,
    lines,
    linesPerSecond: (lines * 1_000) / (settledAtMs - sent.firstByteAtMs),
    unbalanced: off('stored', plan.readings) + off('duplicates', again) + off('rejected', 0),
  };
}

/** The figures in words; the ledger has to balance. */
export function describeResent({ runs }: ResentFigures): Omit<Findings, 'result'> {
  const [{ linesPerSecond: plain }] = runs;
  return {
    lines: [
      'RESENT: readings that are sent again, at full speed',
      ...table([
        ['part of all lines', 'lines', 'lines/s', 'without being 1', 'ledger off by'],
        ...runs.map(({ share, lines, linesPerSecond, unbalanced }) => [
          percent(share),
          count(lines),
          number(linesPerSecond),
          number(linesPerSecond / plain),
          count(unbalanced),
        ]),
      ]),
    ],
    verdicts: [
      atMost(
        'readings sent again: ledger off by',
        0,
        runs.reduce((sum, { unbalanced }) => sum + unbalanced, 0),
        '',
      ),
    ],
    warnings: [],
  };
}
