import { describeDrain, type DrainFigures } from '../src/bench/drain.js';
import { describeIngest, type IngestFigures } from '../src/bench/ingest.js';
import type { LatencyResult } from '../src/bench/latency.js';
import { describeLosses, type Loss } from '../src/bench/losses.js';
import { describeLarge, type LargeFigures } from '../src/bench/large.js';
import { describeLatency } from '../src/bench/many-gateways.js';
import { describeNeighbours } from '../src/bench/neighbours.js';
import type { Findings } from '../src/bench/parts.js';
import { describeHealth, type HealthFigures } from '../src/bench/polling.js';
import { describeReaders } from '../src/bench/readers.js';
import { describeResent } from '../src/bench/resent.js';
import { describeStart } from '../src/bench/starting.js';
import { describeSweep } from '../src/bench/sweep.js';
import type { Round } from '../src/bench/throughput.js';

type Described = Omit<Findings, 'result'>;
const textOf = ({ lines }: Described): string => lines.join('\n');
const metOf = ({ verdicts }: Described): boolean[] => verdicts.map(({ met }) => met);
const measuredOf = ({ verdicts }: Described): number[] => verdicts.map(({ measured }) => measured);

describe('ingest', () => {
  const cpu = { supervisor: 0.01, 'ingest worker': 1.2, 'api worker': 0.1, Postgres: 3.3 };
  const round = (readingsPerSecond: number, rowsPerSecond: number): Round => ({
    ratio: readingsPerSecond / rowsPerSecond,
    ingest: {
      readingsPerSecond,
      seconds: 1e6 / readingsPerSecond,
      sendingSeconds: 1,
      cpuSecondsPerMillion: cpu,
      generatorCpuSecondsPerMillion: 0.02,
      watcherCpuSecondsPerMillion: 0.2,
      coresOfOthers: 0.1,
    },
    copy: {
      rowsPerSecond,
      postgresCpuSecondsPerMillion: 4.5,
      senderCpuSecondsPerMillion: 0.1,
      coresOfOthers: 0.1,
      checkpointed: true,
    },
  });
  const usage = { cpuSeconds: 9, memoryBytes: 100e6, peakBytes: 120e6 };
  const figures: IngestFigures = {
    ingestWorkers: 1,
    readings: 1_000_000,
    sensors: 1_000,
    connections: 10,
    rounds: [round(180_000, 200_000), round(210_000, 200_000), round(150_000, 200_000)],
    ratio: 0.9,
    generatorAlonePerSecond: 4_800_000,
    processes: {
      supervisor: usage,
      'ingest worker': usage,
      'api worker': usage,
      Postgres: usage,
      machineBusySeconds: 99,
    },
  };

  it('is told round by round', () => {
    const text = textOf(describeIngest(figures));
    expect(text).toMatch(/zdenergy, readings\/s +180,000 +210,000 +150,000 +180,000\n/);
    expect(text).toMatch(/zdenergy, COPY being 1 +0.90 +1.05 +0.75 +0.90\n/);
    expect(text).toMatch(/ingest worker +1.20\n/);
    expect(text).toMatch(/Postgres +3.30 +4.50\n/);
    expect(text).toMatch(/Postgres +100 MB +120 MB$/);
    expect(text).not.toMatch(/NaN|undefined|null/);
  });

  it.each<[string, Partial<IngestFigures>, boolean[]]>([
    ['both met', {}, [true, true]],
    ['slower than it should be', { ratio: 0.84 }, [false, true]],
    ['two workers, which are to beat COPY', { ingestWorkers: 2 }, [false, true]],
  ])('is judged: %s', (_, changed, met) => {
    const found = describeIngest({ ...figures, ...changed });
    expect(metOf(found)).toEqual(met);
    expect(found.warnings).toEqual([]);
  });

  it('from outside leaves out what cannot be seen', () => {
    const found = describeIngest({
      ...figures,
      ingestWorkers: null,
      rounds: figures.rounds.map(({ ratio, ingest, copy }) => ({
        ratio,
        ingest: { ...ingest, cpuSecondsPerMillion: null, coresOfOthers: null },
        copy: { ...copy, postgresCpuSecondsPerMillion: null, coresOfOthers: null },
      })),
      processes: null,
    });
    expect(textOf(found)).not.toMatch(/Memory|–|NaN|undefined|null/);
    expect(metOf(found)).toEqual([true]);
  });

  const withCopy = (changed: Partial<Round['copy']>): Partial<IngestFigures> => ({
    rounds: figures.rounds.map(({ ratio, ingest, copy }) => ({
      ratio,
      ingest,
      copy: { ...copy, ...changed },
    })),
  });
  it.each<[string, Partial<IngestFigures>]>([
    ['hardly faster', { generatorAlonePerSecond: 400_000 }],
    ['kept this machine busy', withCopy({ coresOfOthers: 0.8 })],
    ['checkpoints', withCopy({ checkpointed: false })],
  ])('warns: %s', (words, changed) => {
    const { warnings } = describeIngest({ ...figures, ...changed });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(words);
  });
});

describe('latency', () => {
  const result: LatencyResult = {
    gateways: 10_000,
    readings: 60_000,
    readingsPerSecond: 2_000,
    missing: 0,
    p50Ms: 31,
    p99Ms: 257,
    maxMs: 297,
    resolutionMs: 6,
    generatorLateMs: 3,
    ingestCores: 0.14,
    postgresCores: 0.02,
    generatorCores: 0.03,
    watcherCores: 0.06,
    ingestMemoryBytes: 98e6,
  };

  it('is judged with as many connections as the targets are for', () => {
    const found = describeLatency(result);
    expect(textOf(found)).toMatch(/sent to committed +31 ms +257 ms +297 ms\n/);
    expect(textOf(found)).toContain('ingest worker 14.0 % of a core, 98 MB');
    expect(metOf(found)).toEqual([false, true, true, false]);
    expect(measuredOf(found)).toEqual([14.000000000000002, 98, 31, 257]);
    expect(describeLatency({ ...result, gateways: 1_000 }).verdicts).toEqual([]);
  });

  it('of quiet gateways beside one at full speed has a target of its own', () => {
    const around = { takenPerSecond: 300_000, storedPerSecond: 200_000, generatorCores: 0.1 };
    expect(metOf(describeNeighbours({ latency: result, ...around }))).toEqual([true]);
    const slow = { ...result, p99Ms: 501 };
    expect(metOf(describeNeighbours({ latency: slow, ...around }))).toEqual([false]);
  });

  it('from outside has no CPU and no memory', () => {
    const outside = { ingestCores: null, postgresCores: null, ingestMemoryBytes: null };
    const found = describeLatency({ ...result, ...outside });
    expect(found.verdicts).toHaveLength(2);
    expect(textOf(found)).not.toMatch(/ingest worker|NaN|null/);
  });

  it.each<[string, Partial<LatencyResult>]>([
    ['never seen committed', { missing: 3 }],
    ['late', { generatorLateMs: 250 }],
  ])('warns: %s', (words, changed) => {
    const { warnings } = describeLatency({ ...result, ...changed });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(words);
  });
});

it('a start is judged by the median of the rounds', () => {
  const found = describeStart({
    firstMs: [4_000, 7_000, 5_000],
    firstStoredMs: [4_100, 7_100, 5_100],
    againMs: [1_000, 1_000, 1_000],
    outsideMs: [2_000, 3_100, 3_200],
  });
  expect(measuredOf(found)).toEqual([3.1, 5]);
  expect(metOf(found)).toEqual([false, true]);
});

describe('a drain', () => {
  const figures: DrainFigures = {
    backlog: 1_000_000,
    steadyPerSecond: 2_000,
    journaledPerSecond: 400_000,
    acceptedSeconds: 0.2,
    drainedSeconds: 8,
    drainedPerSecond: 125_000,
    memory: { beforeBytes: 100e6, peakBytes: 149e6, afterBytes: 120e6, samplesBytes: [] },
    steadyLateMs: 3,
  };

  it('of a smaller backlog is judged as if it were the whole', () => {
    const found = describeDrain(figures);
    expect(found.verdicts[0]).toMatchObject({ target: 30, measured: 28.8, met: true });
    expect(metOf(describeDrain({ ...figures, drainedSeconds: 8.4 }))).toEqual([false, true]);
  });

  it('must not grow in memory', () => {
    const memory = { ...figures.memory, peakBytes: 151e6 };
    expect(metOf(describeDrain({ ...figures, memory }))).toEqual([true, false]);
  });
});

describe('losses', () => {
  const loss = (changed: Partial<Loss>): Loss => ({
    fault: 'kill -9',
    ack: false,
    sent: 40_000,
    acknowledged: 0,
    lost: 0,
    reconnects: 10,
    lateMs: 1,
    ...changed,
  });

  it.each<[Partial<Loss>, boolean]>([
    [{ lost: 5 }, true],
    [{ lost: 6 }, false],
    [{ fault: 'no database', lost: 1 }, false],
    [{ fault: 'both', lost: 5 }, true],
    [{ ack: true, acknowledged: 40_000, lost: 0 }, true],
    [{ ack: true, acknowledged: 40_000, lost: 1 }, false],
  ])('%j', (changed, met) => {
    const found = describeLosses({ readings: 40_000, losses: [loss(changed)] });
    expect(metOf(found)).toEqual([met]);
    expect(found.warnings).toEqual([]);
  });

  it('of readings that came in bursts are worth less', () => {
    const late = [loss({ lateMs: 500 })];
    expect(describeLosses({ readings: 40_000, losses: late }).warnings).toHaveLength(1);
  });
});

it('health is judged by the polls while ingest runs, and by their number', () => {
  const polled = {
    answeredPerSecond: 4_990,
    failures: 0,
    p50Ms: 1,
    p99Ms: 19,
    maxMs: 30,
    apiCores: 0.5,
    pollerCores: 0.3,
  };
  const figures: HealthFigures = {
    pollsPerSecond: 5_000,
    pollerAlonePerSecond: 20_000,
    atRest: polled,
    underLoad: { ...polled, readingsPerSecond: 100_000 },
    generatorCores: 0.1,
  };
  expect(metOf(describeHealth(figures))).toEqual([true, true]);
  const slow = { ...figures.underLoad, answeredPerSecond: 3_000, p99Ms: 900 };
  expect(metOf(describeHealth({ ...figures, underLoad: slow }))).toEqual([false, false]);
  expect(describeHealth({ ...figures, pollerAlonePerSecond: 9_000 }).warnings).toHaveLength(1);
});

it('readings that are sent again must leave the ledger balanced', () => {
  const run = { share: 0, lines: 100_000, linesPerSecond: 200_000, unbalanced: 0 };
  const again = { ...run, share: 0.5, linesPerSecond: 50_000 };
  const found = describeResent({ runs: [run, again] });
  expect(textOf(found)).toMatch(/50.0 % +100,000 +50,000 +0.25 +0$/);
  expect(metOf(found)).toEqual([true]);
  expect(metOf(describeResent({ runs: [run, { ...again, unbalanced: 1 }] }))).toEqual([false]);
});

it('readers are judged by the median of the pairs', () => {
  const watched = [{ downloads: 1, downloadedBytes: 9e6, streamedBytes: 5e6, lostStreams: 0 }];
  const around = { viewers: 50, generatorCores: 0.1 };
  const found = describeReaders({ ...around, alone: [10, 20, 10], beside: [9, 10, 9.5], watched });
  expect(measuredOf(found)).toEqual([0.9]);
  expect(metOf(found)).toEqual([true]);
  expect(found.warnings).toEqual([]);
  const lost = [{ ...watched[0], lostStreams: 1 }];
  const slow = describeReaders({ ...around, alone: [10], beside: [8], watched: lost });
  expect(metOf(slow)).toEqual([false]);
  expect(slow.warnings).toHaveLength(1);
  const busy = { viewers: 50, generatorCores: 0.9, alone: [10], beside: [10], watched };
  expect(describeReaders(busy).warnings).toEqual([expect.stringContaining('90.0 % of a core')]);
});

it('a long history is judged by its slowest chart and by its export', () => {
  const figures: LargeFigures = {
    rows: 52_560_000,
    writingSeconds: 500,
    charts: [
      { windowMinutes: 5, sensors: 1, coldMs: 301, warmMs: 5 },
      { windowMinutes: 525_600, sensors: 10, coldMs: 100, warmMs: 90 },
    ],
    csvSeconds: 100,
    csvBytes: 3e9,
    copySeconds: 79,
    apiMemory: { beforeBytes: 90e6, peakBytes: 120e6 },
    ingestPerSecond: 200_000,
  };
  const found = describeLarge(figures);
  expect(found.verdicts[0].name).toContain('52.6 million rows');
  expect(metOf(found)).toEqual([false, true, false]);
  expect(textOf(found)).toMatch(/5 min +301 ms +5.0 ms/);
});

it('a sweep is told point by point', () => {
  const point = {
    workers: 1,
    sensors: 100_000,
    connections: 10,
    readings: 1_000_000,
    readingsPerSecond: 150_000,
    copyRowsPerSecond: 200_000,
    ratio: 0.75,
    ingestCpuSeconds: 1.2,
    postgresCpuSeconds: null,
  };
  const text = textOf(describeSweep({ points: [point] }));
  expect(text).toMatch(/1 +100,000 +10 +150,000 +0.75 +1.20 +–$/);
});
