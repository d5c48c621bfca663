/**
 * How the cost grows with the work: one thing is varied at a time, all else stays as in ingest.
 *
 * What always holds: each point begins with an empty table, and has COPY of the same rows beside it.
 */
import type { Releases } from '@zdenergy/core';
import type { Lab } from './lab.js';
import type { Findings, Part } from './parts.js';
import { endTimeMs } from './payload.js';
import { count, number, table } from './table.js';
import type { Target } from './target.js';
import { measureRound } from './throughput.js';

const usual = { workers: 1, sensors: 1_000, connections: 10 };
const varied: Readonly<Record<keyof typeof usual, readonly number[]>> = {
  workers: [1, 2, 4],
  sensors: [10, 100, 10_000, 100_000],
  connections: [100, 1_000, 10_000],
};
const dayMs = 86_400_000;
const stepMs = 1_000;

export interface Point {
  readonly workers: number;
  readonly sensors: number;
  readonly connections: number;
  readonly readings: number;
  readonly readingsPerSecond: number;
  readonly copyRowsPerSecond: number;
  readonly ratio: number;
  /** For a million readings; null when measured from outside. */
  readonly ingestCpuSeconds: number | null;
  readonly postgresCpuSeconds: number | null;
}

export interface SweepFigures {
  readonly points: readonly Point[];
}

export const sweep: Part = {
  name: 'sweep',
  needsOwn: 'it is started with more workers',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    const points: Point[] = [];
    for (const workers of varied.workers) {
      const site = await lab.own(releases, { INGEST_WORKERS: String(workers) });
      points.push(await measurePoint(lab, site.target, { ...usual, workers }));
      if (workers === usual.workers) {
        for (const sensors of varied.sensors) {
          points.push(await measurePoint(lab, site.target, { ...usual, sensors }));
        }
        for (const connections of varied.connections) {
          const sensors = Math.max(usual.sensors, connections);
          points.push(await measurePoint(lab, site.target, { ...usual, sensors, connections }));
        }
      }
      await site.instance.stop();
    }
    return { result: { points }, ...describeSweep({ points }) };
  },
};

async function measurePoint(lab: Lab, target: Target, at: typeof usual): Promise<Point> {
  const { readings } = lab.options;
  const { sensors, connections } = at;
  lab.say(`${at.workers} workers, ${sensors} sensors, ${connections} connections`);
  // Ten sensors have their readings over more than a day; the others' days are the same.
  const firstTimeMs = lab.nowMs - 2 * dayMs - Math.ceil(readings / sensors) * stepMs;
  const plan = { readings, sensors, prefix: target.prefix, firstTimeMs, stepMs };
  await target.session.makeCopyTable(firstTimeMs, endTimeMs(plan));
  try {
    await target.generator.ask('prepare', { plan, connections });
    const { ingest, copy, ratio } = await measureRound(target, plan, connections);
    return {
      ...at,
      readings,
      readingsPerSecond: ingest.readingsPerSecond,
      copyRowsPerSecond: copy.rowsPerSecond,
      ratio,
      ingestCpuSeconds: ingest.cpuSecondsPerMillion?.['ingest worker'] ?? null,
      postgresCpuSeconds: ingest.cpuSecondsPerMillion?.Postgres ?? null,
    };
  } finally {
    await target.session.dropCopyTable();
  }
}

/** The figures in words; there are no targets for them. */
export function describeSweep({ points }: SweepFigures): Omit<Findings, 'result'> {
  const seconds = (value: number | null): string => (value === null ? '–' : number(value));
  return {
    lines: [
      'SWEEP: how the cost grows; CPU seconds are for a million readings',
      ...table([
        [
          'workers',
          'sensors',
          'connections',
          'readings/s',
          'COPY being 1',
          'ingest CPU',
          'Postgres CPU',
        ],
        ...points.map((point) => [
          String(point.workers),
          count(point.sensors),
          count(point.connections),
          number(point.readingsPerSecond),
          number(point.ratio),
          seconds(point.ingestCpuSeconds),
          seconds(point.postgresCpuSeconds),
        ]),
      ]),
    ],
    verdicts: [],
    warnings: [],
  };
}
