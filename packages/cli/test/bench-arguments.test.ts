import { helpText, parseArguments, type ParsedArguments } from '../src/bench/arguments.js';
import { partNames } from '../src/bench/part-names.js';

const parse = (line: string): ParsedArguments =>
  parseArguments(line.split(' ').filter((word) => word !== ''));

describe('right arguments', () => {
  const usual = partNames.filter((name) => name !== 'large' && name !== 'sweep');
  const defaults = {
    parts: usual,
    readings: 1_000_000,
    pairs: 3,
    gateways: 10_000,
    latencyMs: 30_000,
    lossesMs: 20_000,
    backlog: 1_000_000,
    days: 365,
    workers: 1,
    existing: undefined,
    jsonFile: undefined,
    check: false,
  };
  const quick = {
    parts: ['ingest', 'latency', 'start'],
    readings: 300_000,
    pairs: 1,
    gateways: 1_000,
    latencyMs: 10_000,
  };

  it.each([
    ['', {}],
    ['--quick', quick],
    ['--quick --pairs 2', { ...quick, pairs: 2 }],
    ['--quick --only losses', { ...quick, parts: ['losses'] }],
    ['--only drain,ingest', { parts: ['ingest', 'drain'] }],
    ['--large', { parts: [...usual, 'large'], backlog: 3_600_000 }],
    ['--sweep', { parts: [...usual, 'sweep'] }],
    ['--only large --days 7', { parts: ['large'], days: 7 }],
    ['--large --backlog 20000', { parts: [...usual, 'large'], backlog: 20_000 }],
    ['--losses 4s --check', { lossesMs: 4_000, check: true }],
    [
      '--readings 50000 --gateways 10000 --latency 2m --workers 2',
      { readings: 50_000, gateways: 10_000, latencyMs: 120_000, workers: 2 },
    ],
    ['--json=figures.json', { jsonFile: 'figures.json' }],
    [
      '--address site.example:6000 --database-url postgres://u:p@db/zdenergy',
      {
        existing: {
          address: { host: 'site.example', port: 6_000 },
          databaseUrl: 'postgres://u:p@db/zdenergy',
          http: undefined,
        },
      },
    ],
    [
      '--address [::1]:6000 --database-url postgresql://db/x --http [::1]:5000',
      {
        existing: {
          address: { host: '::1', port: 6_000 },
          databaseUrl: 'postgresql://db/x',
          http: { host: '::1', port: 5_000 },
        },
      },
    ],
  ])('%s', (line, changed) => {
    expect(parse(line)).toEqual({ kind: 'run', options: { ...defaults, ...changed } });
  });
});

describe('wrong arguments', () => {
  it.each([
    ['--readings 9999', ['--readings 9999: expected a whole number from 10000 to 10000000']],
    ['--gateways 10001', ['--gateways 10001: expected a whole number from 1 to 10000']],
    ['--pairs', ['--pairs: needs a value']],
    ['--latency 999ms', ['--latency 999ms: expected a duration such as 30s or 2m, at least 1s']],
    [
      '--only ingest,all',
      [`--only ingest,all: expected some of ${partNames.join(', ')}, with commas`],
    ],
    ['--http a:1', ['--http: only with --address']],
    ['--quick=yes', ['--quick: takes no value']],
    ['--redings 5', ['--redings: there is no such argument; did you mean --readings?']],
    ['5', ['5: every argument starts with a name, such as --pairs 3']],
    ['--address a:1', ['--address and --database-url: give both, or neither']],
    [
      '--address a:1 --database-url postgres://db/x --workers 2',
      ['--workers: only for a zdenergy that the benchmark starts itself'],
    ],
  ])('%s', (line, problems) => {
    expect(parse(line)).toEqual({ kind: 'wrong', problems });
  });

  it.each(['site', 'site:', 'site:0', 'site:65536', '::1:6000', ':6000'])(
    'an address of %s',
    (text) => {
      expect(parse(`--address ${text} --database-url postgres://db/x`)).toEqual({
        kind: 'wrong',
        problems: [`--address ${text}: expected HOST:PORT, such as 127.0.0.1:6000`],
      });
    },
  );

  it('are all reported together, without the password of a URL', () => {
    const parsed = parse(
      '--pairs x --unknown 9 --address a:1 --database-url mysql://u:geheim@db/x',
    );
    expect(parsed.kind === 'wrong' && parsed.problems).toEqual([
      '--unknown: there is no such argument',
      '--pairs x: expected a whole number from 1 to 20',
      '--database-url (not shown): expected postgres://USER:PASSWORD@HOST:PORT/DATABASE',
    ]);
  });
});

describe('the help', () => {
  it('is asked for with --help, whatever else stands there', () => {
    expect(parse('--pairs x --help')).toEqual({ kind: 'help' });
  });

  it('names every argument with its defaults, in lines that fit a terminal', () => {
    const text = helpText();
    expect(text).toContain('--readings COUNT        Readings a round (1000000, quick: 300000)');
    expect(text).toContain(
      '--gateways COUNT        Connections for latency, each sends every 5 s (10000, quick: 1000)',
    );
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
