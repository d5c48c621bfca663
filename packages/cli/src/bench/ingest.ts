/** Readings per second from socket to committed row beside COPY alone, and the CPU time of each process. */
import type { Releases } from '@zdenergy/core';
import type { Lab } from './lab.js';
import type { Findings, Part } from './parts.js';
import { endTimeMs, type Plan } from './payload.js';
import { roles, type UsageByRole } from './processes.js';
import { rateAgainstSink } from './sink.js';
import { median } from './statistics.js';
import { count, megabytes, number, table } from './table.js';
import type { Target } from './target.js';
import { measureRound, type Round } from './throughput.js';
import { atLeast, atMost, type Verdict } from './verdicts.js';

const sensors = 1_000;
const connections = 10;
const stepMs = 5_000;
const dayMs = 86_400_000;
/** What the kernel does by itself stays well below. */
const quietCores = 0.3;
/** The targets; with two workers, and so two connections to Postgres, COPY by one is to be beaten. */
const leastRatio = { oneWorker: 0.85, more: 1 };
const mostCpuSecondsPerMillion = 1.5;

export interface IngestFigures {
  /** Null when measured from outside. */
  readonly ingestWorkers: number | null;
  readonly readings: number;
  readonly sensors: number;
  readonly connections: number;
  readonly rounds: readonly Round[];
  /** The median of the rounds' ratios: ingest's speed as part of COPY's. */
  readonly ratio: number;
  readonly generatorAlonePerSecond: number;
  /** Null when measured from outside. */
  readonly processes: UsageByRole | null;
}

export const ingest: Part = {
  name: 'ingest',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    const { readings, pairs, workers } = lab.options;
    const target = await lab.target(releases);
    const plans = plansOf(readings, pairs, target.prefix, lab.nowMs - 2 * dayMs);
    const { rounds, generatorAlonePerSecond } = await measureRounds(target, plans, lab.say);
    const figures: IngestFigures = {
      ingestWorkers: target.watch === undefined ? null : workers,
      readings,
      sensors,
      connections,
      rounds,
      ratio: median(rounds.map(({ ratio }) => ratio)),
      generatorAlonePerSecond,
      processes: target.watch?.usage() ?? null,
    };
    return { result: figures, ...describeIngest(figures) };
  },
};

/** A plan for each round, one after the other in time, so that no reading comes twice. */
function plansOf(readings: number, pairs: number, prefix: string, endMs: number): Plan[] {
  const steps = Math.ceil(readings / sensors);
  return Array.from({ length: pairs }, (_, round) => ({
    readings,
    sensors,
    prefix,
    firstTimeMs: endMs - (pairs - round) * steps * stepMs,
    stepMs,
  }));
}

async function measureRounds(
  target: Target,
  plans: readonly Plan[],
  say: (line: string) => void,
): Promise<{ rounds: Round[]; generatorAlonePerSecond: number }> {
  const { generator, session } = target;
  await session.makeCopyTable(
    Math.min(...plans.map(({ firstTimeMs }) => firstTimeMs)),
    Math.max(...plans.map(endTimeMs)),
  );
  try {
    const rounds: Round[] = [];
    let generatorAlonePerSecond = 0;
    for (const [index, plan] of plans.entries()) {
      say(`round ${index + 1} of ${plans.length}: ${plan.readings} readings, then COPY`);
      await generator.ask('prepare', { plan, connections });
      if (index === 0) {
        generatorAlonePerSecond = await rateAgainstSink(generator, plan.readings, connections);
      }
      rounds.push(await measureRound(target, plan, connections));
    }
    return { rounds, generatorAlonePerSecond };
  } finally {
    await session.dropCopyTable();
  }
}

/** The figures in words, and how they stand to the targets. */
export function describeIngest(figures: IngestFigures): Omit<Findings, 'result'> {
  return {
    lines: [...speed(figures), '', ...cpu(figures), ...memory(figures)],
    verdicts: verdicts(figures),
    warnings: warnings(figures),
  };
}

function speed(figures: IngestFigures): string[] {
  const { readings, rounds, processes: usage } = figures;
  const row = (name: string, pick: (round: Round) => number, last?: string): string[] => {
    const values = rounds.map(pick);
    return [name, ...values.map(number), last ?? number(median(values))];
  };
  return [
    `INGEST: ${count(readings)} readings of ${count(figures.sensors)} sensors, JSON lines over ` +
      `${figures.connections} connections, from the first byte to the last row committed` +
      (figures.ingestWorkers === null ? '' : `; ingest workers: ${figures.ingestWorkers}`),
    ...table([
      ['', ...rounds.map((_, index) => `round ${index + 1}`), 'median'],
      row('zdenergy, readings/s', ({ ingest }) => ingest.readingsPerSecond),
      row('COPY alone, rows/s', ({ copy }) => copy.rowsPerSecond),
      row('zdenergy, COPY being 1', ({ ratio }) => ratio, number(figures.ratio)),
      row('until all was sent, s', ({ ingest }) => ingest.sendingSeconds),
      row('until all was stored, s', ({ ingest }) => ingest.seconds),
      ...(usage === null
        ? []
        : [
            row('other programs, cores', ({ ingest }) => Number(ingest.coresOfOthers)),
            row('… during COPY, cores', ({ copy }) => Number(copy.coresOfOthers)),
          ]),
    ]),
    `the load generator alone reaches ${number(figures.generatorAlonePerSecond)} readings/s`,
  ];
}

function cpu({ rounds, processes: usage }: IngestFigures): string[] {
  const middle = (pick: (round: Round) => number | null): string => {
    const values = rounds.map(pick);
    return values.includes(null) ? '–' : number(median(values.map(Number)));
  };
  return [
    'CPU seconds per million readings (median)',
    ...table([
      ['', 'zdenergy', 'COPY alone'],
      ...(usage === null ? [] : roles).map((role) => [
        role,
        middle(({ ingest }) => ingest.cpuSecondsPerMillion?.[role] ?? null),
        role === 'Postgres' ? middle(({ copy }) => copy.postgresCpuSecondsPerMillion) : '',
      ]),
      [
        'sender, not part of it',
        middle(({ ingest }) => ingest.generatorCpuSecondsPerMillion),
        middle(({ copy }) => copy.senderCpuSecondsPerMillion),
      ],
      ['watcher, not part of it', middle(({ ingest }) => ingest.watcherCpuSecondsPerMillion), ''],
    ]),
  ];
}

function memory({ processes: usage }: IngestFigures): string[] {
  if (usage === null) return [];
  return [
    '',
    'Memory after all this',
    ...table([
      ['', 'at the end', 'at most'],
      ...roles.map((role) => [
        role,
        megabytes(usage[role].memoryBytes),
        megabytes(usage[role].peakBytes),
      ]),
    ]),
  ];
}

function verdicts({ ratio, rounds, ingestWorkers }: IngestFigures): Verdict[] {
  const least = (ingestWorkers ?? 1) > 1 ? leastRatio.more : leastRatio.oneWorker;
  const speeds = atLeast('readings/s, COPY alone being 1', least, ratio, '');
  const seconds = rounds.flatMap(
    ({ ingest: { cpuSecondsPerMillion } }) => cpuSecondsPerMillion?.['ingest worker'] ?? [],
  );
  return seconds.length === 0
    ? [speeds]
    : [
        speeds,
        atMost(
          'CPU of the ingest worker for a million readings',
          mostCpuSecondsPerMillion,
          median(seconds),
          's',
        ),
      ];
}

function warnings({ rounds, generatorAlonePerSecond }: IngestFigures): string[] {
  const found: string[] = [];
  const fastest = Math.max(...rounds.map(({ ingest }) => ingest.readingsPerSecond));
  if (generatorAlonePerSecond < 3 * fastest) {
    found.push('The load generator is hardly faster than zdenergy: it may hold it up.');
  }
  const others = rounds.flatMap(({ ingest, copy }) => [ingest.coresOfOthers, copy.coresOfOthers]);
  if (others.some((cores) => (cores ?? 0) > quietCores)) {
    found.push(
      'Other programs kept this machine busy: speeds are too low, CPU seconds too high, and the ratio ' +
        'is uncertain. Close them and run again.',
    );
  }
  if (rounds.some(({ copy }) => !copy.checkpointed)) {
    found.push('The database user may not ask for checkpoints, so rounds did not start alike.');
  }
  return found;
}
