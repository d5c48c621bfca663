import { describeReport, type Report } from '../src/bench/report.js';
import { median, percentile } from '../src/bench/statistics.js';
import { milliseconds, number, table } from '../src/bench/table.js';
import type { Round } from '../src/bench/throughput.js';

describe('percentiles', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it.each([
    [0, 1],
    [0.01, 1],
    [0.5, 50],
    [0.505, 51],
    [0.99, 99],
    [1, 100],
  ])('%s of 1 to 100 stay within %s', (part, value) => {
    expect(percentile(hundred, part)).toBe(value);
  });

  it('of one value are that value, of none nothing', () => {
    expect([percentile([7], 0.5), percentile([7], 0.99)]).toEqual([7, 7]);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('the median', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 30], 3],
    [[5], 5],
    [[10, 9, 100], 10],
  ])('of %j is %s', (values, middle) => {
    expect(median(values)).toBe(middle);
  });

  it('of none is nothing', () => expect(median([])).toBeNaN());
});

describe('a table', () => {
  it('lines names up at the left and figures at the right', () => {
    expect(
      table([
        ['', 'one', 'two'],
        ['speed', '5', '12,345'],
        ['a longer name', '10'],
      ]),
    ).toEqual([
      '                one      two',
      'speed             5   12,345',
      'a longer name    10',
    ]);
  });

  it('without rows is empty', () => expect(table([])).toEqual([]));
});

describe('a number', () => {
  it.each([
    [182_738.4, '183,000'],
    [1_234_567, '1,230,000'],
    [1_000, '1,000'],
    [999.6, '1,000'],
    [999.4, '999'],
    [123.4, '123'],
    [12.34, '12.3'],
    [0.8649, '0.86'],
    [0, '0.00'],
    [Number.NaN, '–'],
  ])('%s is written %s', (value, text) => expect(number(value)).toBe(text));

  it('of milliseconds keeps a decimal while it is small', () => {
    expect([milliseconds(4.26), milliseconds(41.6), milliseconds(Number.NaN)]).toEqual([
      '4.3 ms',
      '42 ms',
      '–',
    ]);
  });
});

describe('the report', () => {
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
  const report: Report = {
    date: '2025-11-24T03:04:05.000Z',
    machine: {
      processor: 'AMD EPYC',
      cores: 2,
      memoryBytes: 8e9,
      system: 'Linux 6.1',
      fileSystem: 'ext4',
      node: '20.15.0',
      postgres: { version: '17.2', settings: { fsync: 'on' } },
    },
    ingestWorkers: 1,
    readings: 1_000_000,
    sensors: 1_000,
    sensorPrefix: 'bench-0a1b-',
    connections: 10,
    rounds: [round(180_000, 200_000), round(210_000, 200_000), round(150_000, 200_000)],
    ratio: 0.9,
    generatorAlonePerSecond: 4_800_000,
    latency: {
      gateways: 1_000,
      readings: 6_000,
      readingsPerSecond: 200,
      missing: 0,
      p50Ms: 31,
      p99Ms: 57,
      maxMs: 97,
      resolutionMs: 6,
      generatorLateMs: 3,
      ingestCores: 0.054,
      postgresCores: 0.02,
      generatorCores: 0.03,
      watcherCores: 0.06,
      ingestMemoryBytes: 98e6,
    },
    processes: {
      supervisor: usage,
      'ingest worker': usage,
      'api worker': usage,
      Postgres: usage,
      machineBusySeconds: 99,
    },
    start: { firstMs: 3_100, firstStoredMs: 3_300, againMs: 1_200 },
  };

  it('says it all in plain lines', () => {
    const text = describeReport(report);
    expect(text).toContain('2025-11-24 03:04 UTC');
    expect(text).toContain('2 cores (AMD EPYC), 8 GB');
    expect(text).toMatch(/zdenergy, readings\/s +180,000 +210,000 +150,000 +180,000\n/);
    expect(text).toMatch(/zdenergy, COPY being 1 +0.90 +1.05 +0.75 +0.90\n/);
    expect(text).toMatch(/ingest worker +1.20\n/);
    expect(text).toMatch(/Postgres +3.30 +4.50\n/);
    expect(text).toMatch(/sent to committed +31 ms +57 ms +97 ms\n/);
    expect(text).toContain('ingest worker 5.4 % of a core, 98 MB');
    expect(text).toContain('3.10 s with a new database');
    expect(text).not.toContain('⚠️');
    expect(text).not.toMatch(/NaN|undefined|null/);
  });

  it('of a zdenergy measured from outside leaves out what cannot be seen', () => {
    const text = describeReport({
      ...report,
      ingestWorkers: null,
      rounds: report.rounds.map(({ ratio, ingest, copy }) => ({
        ratio,
        ingest: { ...ingest, cpuSecondsPerMillion: null, coresOfOthers: null },
        copy: { ...copy, postgresCpuSecondsPerMillion: null, coresOfOthers: null },
      })),
      latency: {
        ...report.latency,
        ingestCores: null,
        postgresCores: null,
        ingestMemoryBytes: null,
      },
      processes: null,
      start: null,
    });
    expect(text).toContain('measured from outside');
    expect(text).not.toContain('MEMORY');
    expect(text).toContain("DELETE FROM readings WHERE sensor_id LIKE 'bench-0a1b-%';");
    expect(text).not.toContain('–');
    expect(text).not.toMatch(/NaN|undefined|null/);
  });

  it.each<[string, Partial<Report>]>([
    ['hardly faster', { generatorAlonePerSecond: 400_000 }],
    ['never seen committed', { latency: { ...report.latency, missing: 3 } }],
    ['late', { latency: { ...report.latency, generatorLateMs: 250 } }],
    [
      'kept this machine busy',
      {
        rounds: report.rounds.map(({ ratio, ingest, copy }) => ({
          ratio,
          ingest,
          copy: { ...copy, coresOfOthers: 0.8 },
        })),
      },
    ],
    [
      'checkpoints',
      {
        rounds: report.rounds.map(({ ratio, ingest, copy }) => ({
          ratio,
          ingest,
          copy: { ...copy, checkpointed: false },
        })),
      },
    ],
    ['in memory', { machine: { ...report.machine, fileSystem: 'tmpfs' } }],
  ])('warns: %s', (words, changed) => {
    const text = describeReport({ ...report, ...changed });
    expect(text.split('⚠️')).toHaveLength(2);
    expect(text).toContain(words);
  });
});
