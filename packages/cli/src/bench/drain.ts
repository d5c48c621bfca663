/**
 * The end of a long outage: readings that wait in the journal go to Postgres while others go on.
 *
 * What always holds: the clock runs from the start of Postgres to the last reading of the backlog
 * being seen committed; all readings must be there in the end.
 */
import type { Releases } from '@zdenergy/core';
import { monotonicMs } from './generator-protocol.js';
import type { Lab } from './lab.js';
import type { Findings, Part } from './parts.js';
import { settledOf, sleep, untilPending, untilSettled } from './settled.js';
import { count, megabytes, number, table } from './table.js';
import type { Target } from './target.js';
import { requireAll, untilStored } from './throughput.js';
import { atMost } from './verdicts.js';

const sensors = 1_000;
const connections = 10;
const stepMs = 5_000;
const dayMs = 86_400_000;
const steady = { gateways: 1_000, perSecond: 2_000 };
/** What half an hour at 2,000 a second leaves, and how soon it is to be stored. */
const target = { backlog: 3_600_000, seconds: 30 };
/** What the worker may take more than before: more would be a queue in memory. */
const flatBytes = 50e6;
const quietBeforeMs = 3_000;
const memoryEveryMs = 200;

export interface DrainFigures {
  readonly backlog: number;
  readonly steadyPerSecond: number;
  /** How fast the backlog came about, journal and sync included. */
  readonly journaledPerSecond: number;
  /** From the start of Postgres until it accepted connections, and until the backlog was stored. */
  readonly acceptedSeconds: number;
  readonly drainedSeconds: number;
  readonly drainedPerSecond: number;
  readonly memory: {
    /** At 2,000 a second, Postgres there. */
    readonly beforeBytes: number;
    readonly peakBytes: number;
    readonly afterBytes: number;
    /** Every 200 ms, from before the outage until the backlog was stored. */
    readonly samplesBytes: readonly number[];
  };
  /** How late the steady readings were sent, at most. */
  readonly steadyLateMs: number;
}

export const drain: Part = {
  name: 'drain',
  needsOwn: 'its Postgres is not stopped',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    const { backlog } = lab.options;
    lab.say(`an outage that leaves ${backlog} readings`);
    const site = await lab.withOutsidePostgres(releases);
    const { postgres } = site;
    const { watch, http, address, prefix, generator } = site.target;
    const firstTimeMs = lab.nowMs - 10 * dayMs;
    const plan = { readings: backlog, sensors, prefix: `${prefix}a-`, firstTimeMs, stepMs };
    const series = { sensors: steady.gateways, prefix: `${prefix}b-`, firstTimeMs, stepMs: 1_000 };
    await generator.ask('prepare', { plan, connections });
    const before = await site.target.session.journalTotals();

    const others = lab.loadGenerator(releases);
    const { perSecond } = steady;
    await others.ask('steady', { ...address, series, perSecond, ack: false });
    await sleep(quietBeforeMs);
    const samplesBytes: number[] = [];
    const sample = (): number => watch.memoryBytes('ingest worker');
    const timer = setInterval(() => samplesBytes.push(sample()), memoryEveryMs);
    releases.push(() => clearInterval(timer));
    const beforeBytes = sample();

    await site.target.session.close();
    await postgres.stop();
    const sent = await generator.ask('flood', address);
    await untilPending(http, backlog);
    const startedAtMs = monotonicMs();
    const session = await postgres.start();
    releases.push(() => session.close());
    const acceptedAtMs = monotonicMs();
    const after: Target = { ...site.target, session };
    const storedAtMs = await untilStored(after, plan, connections);
    const afterBytes = sample();
    clearInterval(timer);
    const finished = await others.ask('finish', {});
    await untilSettled(after, before, backlog + finished.sent);
    await requireAll(after, plan);
    await requireAll(after, { ...series, readings: finished.sent });
    const { stored } = await session.journalTotals();
    if (stored - settledOf(before) !== backlog + finished.sent) {
      throw new Error(`${stored} readings are counted as stored`);
    }

    const drainedSeconds = (storedAtMs - startedAtMs) / 1_000;
    const figures: DrainFigures = {
      backlog,
      steadyPerSecond: perSecond,
      journaledPerSecond: backlog / ((sent.lastByteAtMs - sent.firstByteAtMs) / 1_000),
      acceptedSeconds: (acceptedAtMs - startedAtMs) / 1_000,
      drainedSeconds,
      drainedPerSecond: backlog / drainedSeconds,
      memory: { beforeBytes, peakBytes: Math.max(...samplesBytes), afterBytes, samplesBytes },
      steadyLateMs: finished.lateMs,
    };
    return { result: figures, ...describeDrain(figures) };
  },
};

/** The figures in words, and how they stand to the targets. */
export function describeDrain(figures: DrainFigures): Omit<Findings, 'result'> {
  const { backlog, drainedSeconds, memory } = figures;
  const scaled = drainedSeconds * (target.backlog / backlog);
  const isWhole = backlog === target.backlog;
  return {
    lines: [
      `DRAIN: ${count(backlog)} readings wait, Postgres comes back, ${count(figures.steadyPerSecond)} readings/s go on`,
      ...table([
        ['into the journal meanwhile, readings/s', number(figures.journaledPerSecond)],
        ['Postgres took to start, s', number(figures.acceptedSeconds)],
        ['from its start until all were stored, s', number(drainedSeconds)],
        ['that is readings/s', number(figures.drainedPerSecond)],
        ['ingest worker before', megabytes(memory.beforeBytes)],
        ['… at most', megabytes(memory.peakBytes)],
        ['… when all were stored', megabytes(memory.afterBytes)],
      ]),
    ],
    verdicts: [
      atMost(
        isWhole
          ? `drain of ${count(backlog)} readings`
          : `drain of ${count(target.backlog)}, from that of ${count(backlog)}`,
        target.seconds,
        scaled,
        's',
      ),
      atMost(
        'ingest worker: more memory through the outage',
        flatBytes / 1e6,
        Math.max(0, memory.peakBytes - memory.beforeBytes) / 1e6,
        'MB',
      ),
    ],
    warnings: [],
  };
}
