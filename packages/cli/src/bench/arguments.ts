/**
 * The arguments of `npm run bench`. What always holds: the database's URL, which holds a password, is
 * never repeated.
 */
import {
  duration,
  isSet,
  option,
  optionLines,
  readOptions,
  text,
  whole,
  type ValuesOf,
} from '../command/option-table.js';
import type { Address } from './generator-protocol.js';

export interface Options {
  readonly readings: number;
  readonly pairs: number;
  readonly gateways: number;
  /** How long latency is measured. */
  readonly latencyMs: number;
  readonly workers: number;
  /** A zdenergy that runs already; undefined: one is started. */
  readonly existing: { readonly address: Address; readonly databaseUrl: string } | undefined;
  readonly jsonFile: string | undefined;
}

export type ParsedArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] }
  | { readonly kind: 'run'; readonly options: Options };

const address = {
  parse: (text: string): Address | undefined => {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
    const host = bracketed ?? plain;
    const isPort = Number(port) >= 1 && Number(port) <= 65_535;
    return host !== undefined && isPort ? { host, port: Number(port) } : undefined;
  },
  expected: 'HOST:PORT, such as 127.0.0.1:6000',
};
const postgresUrl = {
  parse: (text: string): string | undefined =>
    /^postgres(ql)?:\/\//.test(text) && URL.canParse(text) ? text : undefined,
  expected: 'postgres://USER:PASSWORD@HOST:PORT/DATABASE',
};

/** Ten million readings are prepared in about 2 GB of memory. */
const table = {
  readings: option('COUNT', '1000000', whole(10_000, 10_000_000), 'Readings a round'),
  pairs: option('COUNT', '3', whole(1, 20), 'Rounds of ingest and COPY'),
  gateways: option(
    'COUNT',
    '1000',
    whole(1, 10_000),
    'Connections for latency, each sends every 5 s',
  ),
  latency: option(
    'TIME',
    '30s',
    duration(1_000, '30s or 2m', '1s'),
    'How long latency is measured',
  ),
  workers: option('COUNT', '1', whole(1, 64), 'Ingest workers (INGEST_WORKERS)'),
  quick: option(null, null, isSet, 'About half a minute in all, less exact'),
  address: option('HOST:PORT', null, address, 'Measure a zdenergy that runs, from outside …'),
  'database-url': option('URL', null, postgresUrl, '… and its database; the readings stay in it', {
    isSecret: true,
  }),
  json: option('FILE', null, text('the name of a file'), 'Write all figures there, too'),
  help: option(null, null, isSet, 'Show this'),
} as const;

type Values = ValuesOf<typeof table>;
type Name = keyof Values;

/** Defaults with --quick, where they differ. */
const quickDefaults: Partial<Record<Name, string>> = {
  readings: '300000',
  pairs: '1',
  latency: '10s',
};
const defaultOf = (name: Name, isQuick: boolean): string | null =>
  (isQuick ? quickDefaults[name] : undefined) ?? table[name].default;

export function parseArguments(args: readonly string[]): ParsedArguments {
  const { values, given, problems } = readOptions(args, table, '--pairs 3', (named) => {
    const names = Object.keys(table) as Name[];
    const entries = names.map((name) => [name, defaultOf(name, named.has('quick'))]);
    return Object.fromEntries(entries) as Record<Name, string | null>;
  });
  if (given.has('help')) return { kind: 'help' };
  const existing = existingOf(given, values, problems);
  if (problems.length > 0) return { kind: 'wrong', problems };
  const { readings, pairs, gateways, latency, workers, json } = values;
  return {
    kind: 'run',
    options: { readings, pairs, gateways, latencyMs: latency, workers, existing, jsonFile: json },
  };
}

function existingOf(
  given: ReadonlySet<Name>,
  values: Values,
  problems: string[],
): Options['existing'] {
  if (given.has('address') !== given.has('database-url')) {
    problems.push('--address and --database-url: give both, or neither');
  }
  if (given.has('address') && given.has('workers')) {
    problems.push('--workers: only for a zdenergy that the benchmark starts itself');
  }
  const { address: at, 'database-url': databaseUrl } = values;
  return at === undefined || databaseUrl === undefined ? undefined : { address: at, databaseUrl };
}

export function helpText(): string {
  const rows = optionLines(table, 24, (name) => {
    const [normal, quick] = [defaultOf(name, false), defaultOf(name, true)];
    return quick === normal ? normal : `${normal}, quick: ${quick}`;
  });
  return [
    'How fast zdenergy stores readings, beside what COPY alone reaches on the same machine.',
    '',
    'npm run bench',
    'npm run bench -- --quick --json figures.json',
    '',
    ...rows,
    '',
    'It starts a zdenergy of its own, with a new database, and removes both in the end. TMPDIR says',
    'where, and so on which disk. Close other programs first: they take time from it.',
    'Exit code: 0 when all was measured, 1 when not, 64 for wrong arguments, 130 after Ctrl-C.',
  ].join('\n');
}
