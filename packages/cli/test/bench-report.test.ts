import { describeReport, reportJson, type Report } from '../src/bench/report.js';
import { median, percentile } from '../src/bench/statistics.js';
import { milliseconds, number, table } from '../src/bench/table.js';
import { atLeast, atMost, verdictLines } from '../src/bench/verdicts.js';

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

describe('a verdict', () => {
  it.each([
    [atMost('', 10, 10, ''), true],
    [atMost('', 10, 10.01, ''), false],
    [atMost('', 10, Number.NaN, ''), false],
    [atLeast('', 0.85, 0.85, ''), true],
    [atLeast('', 0.85, 0.84, ''), false],
    [atLeast('', 0.85, Number.NaN, ''), false],
  ])('%j', (verdict, met) => expect(verdict.met).toBe(met));

  it('stands in a table with its target', () => {
    const verdicts = [atMost('health', 20, 31.4, 'ms'), atLeast('speed', 0.85, 0.912, '')];
    expect(verdictLines(verdicts)).toEqual([
      'TARGETS: 1 of 2 met',
      '                target   measured',
      'health   at most 20 ms    31.4 ms   ❌',
      'speed    at least 0.85       0.91   ✅',
    ]);
  });
});

describe('the report', () => {
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
    isOutside: false,
    sensorPrefix: 'bench-0a1b-',
    parts: [{ name: 'ingest', seconds: 12, result: { ratio: 0.9 }, lines: ['INGEST', 'fast'] }],
    skipped: [],
    failed: [],
    targets: [atMost('health', 20, 31.4, 'ms')],
    warnings: [],
  };

  it('says it all in plain lines', () => {
    expect(describeReport(report).split('\n')).toEqual([
      'zdenergy benchmark, 2025-11-24 03:04 UTC',
      'machine    2 cores (AMD EPYC), 8 GB, Linux 6.1, data on ext4',
      'programs   Node 20.15.0, Postgres 17.2',
      'Postgres   fsync on',
      '',
      'INGEST',
      'fast',
      '',
      ...verdictLines(report.targets),
    ]);
  });

  it('has the figures of each part and the targets for programs', () => {
    const json = JSON.parse(reportJson(report)) as Record<string, unknown>;
    expect(json).toMatchObject({
      date: '2025-11-24T03:04:05.000Z',
      parts: { ingest: { measuredInSeconds: 12, ratio: 0.9 } },
      targets: [
        {
          name: 'health',
          bound: 'at most',
          target: 20,
          measured: 31.4,
          unit: 'ms',
          met: false,
        },
      ],
    });
    expect(reportJson(report)).not.toContain('INGEST');
  });

  it('of a zdenergy measured from outside says what was left out and what stays behind', () => {
    const text = describeReport({
      ...report,
      isOutside: true,
      skipped: [{ name: 'losses', why: 'it is not killed' }],
    });
    expect(text).toContain('measured from outside');
    expect(text).toContain('not measured from outside: losses (it is not killed)');
    expect(text).toContain("DELETE FROM readings WHERE sensor_id LIKE 'bench-0a1b-%';");
  });

  it('tells what failed, and what makes the figures worth less', () => {
    const text = describeReport({
      ...report,
      machine: report.machine && { ...report.machine, fileSystem: 'tmpfs' },
      failed: [{ name: 'drain', problem: 'no disk' }],
      warnings: ['slow'],
    });
    expect(text).toContain('⚠️ slow');
    expect(text).toContain('⚠️ The data were in memory');
    expect(text).toContain('❌ drain could not be measured: no disk');
  });

  it('of a run in which nothing could be measured says just that', () => {
    const text = describeReport({ ...report, machine: null, parts: [], targets: [] });
    expect(text).toBe('zdenergy benchmark, 2025-11-24 03:04 UTC');
  });
});
