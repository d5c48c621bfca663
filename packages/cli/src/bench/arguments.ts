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
import { partNames, type PartName } from './part-names.js';

export interface Options {
  readonly parts: readonly PartName[];
  readonly readings: number;
  readonly pairs: number;
  readonly gateways: number;
  /** How long latency is measured. */
  readonly latencyMs: number;
  /** How long readings are sent through each fault. */
  readonly lossesMs: number;
  /** Readings that wait when the database comes back. */
  readonly backlog: number;
  /** Of the long history. */
  readonly days: number;
  readonly workers: number;
  /** A zdenergy that runs already; undefined: one is started. */
  readonly existing: Existing | undefined;
  readonly jsonFile: string | undefined;
  /** Whether a target that is missed is a failure. */
  readonly check: boolean;
}

export interface Existing {
  readonly address: Address;
  /** A secret. */
  readonly databaseUrl: string;
  readonly http: Address | undefined;
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

const listOfParts = {
  parse: (text: string): readonly PartName[] | undefined => {
    const names = text.split(',');
    const parts = partNames.filter((name) => names.includes(name));
    return parts.length === names.length ? parts : undefined;
  },
  expected: `some of ${partNames.join(', ')}, with commas`,
};

/** As many as a zdenergy accepts by default. */
export const mostGateways = 10_000;

/** Ten million readings are prepared in about 2 GB of memory. */
const table = {
  only: option('NAME,NAME', null, listOfParts, 'Only these parts, see below'),
  readings: option('COUNT', '1000000', whole(10_000, 10_000_000), 'Readings a round'),
  pairs: option('COUNT', '3', whole(1, 20), 'Rounds of ingest and COPY'),
  gateways: option(
    'COUNT',
    String(mostGateways),
    whole(1, mostGateways),
    'Connections for latency, each sends every 5 s',
  ),
  latency: option(
    'TIME',
    '30s',
    duration(1_000, '30s or 2m', '1s'),
    'How long latency is measured',
  ),
  losses: option(
    'TIME',
    '20s',
    duration(4_000, '20s or 1m', '4s'),
    'How long each fault of losses takes',
  ),
  backlog: option('COUNT', '1000000', whole(10_000, 10_000_000), 'Readings that wait for drain'),
  days: option('COUNT', '365', whole(1, 3_660), 'Days of history for large'),
  large: option(null, null, isSet, 'large, too, and a backlog of 3600000 for drain'),
  sweep: option(null, null, isSet, 'sweep, too'),
  workers: option('COUNT', '1', whole(1, 64), 'Ingest workers (INGEST_WORKERS)'),
  quick: option(null, null, isSet, 'Only ingest, latency and start, in a minute, less exact'),
  address: option('HOST:PORT', null, address, 'Measure a zdenergy that runs, from outside …'),
  'database-url': option('URL', null, postgresUrl, '… and its database; the readings stay in it', {
    isSecret: true,
  }),
  http: option('HOST:PORT', null, address, '… and where its health is'),
  check: option(null, null, isSet, 'Exit code 2 when a target is missed'),
  json: option('FILE', null, text('the name of a file'), 'Write all figures there, too'),
  help: option(null, null, isSet, 'Show this'),
} as const;

type Values = ValuesOf<typeof table>;
type Name = keyof Values;

/** Defaults with --quick or --large, where they differ. */
const otherDefaults: Readonly<Record<'quick' | 'large', Partial<Record<Name, string>>>> = {
  quick: { readings: '300000', pairs: '1', gateways: '1000', latency: '10s' },
  large: { backlog: '3600000' },
};
const defaultOf = (name: Name, given: ReadonlySet<Name>): string | null => {
  const [changed] = (['quick', 'large'] as const)
    .filter((kind) => given.has(kind))
    .flatMap((kind) => otherDefaults[kind][name] ?? []);
  return changed ?? table[name].default;
};

const quickParts: readonly PartName[] = ['ingest', 'latency', 'start'];

/** The parts to run: those that were asked for, or all but the ones that take very long. */
function partsOf(only: readonly PartName[] | undefined, given: ReadonlySet<Name>): PartName[] {
  if (only !== undefined) return [...only];
  return partNames.filter((name) => {
    if (name === 'large' || name === 'sweep') return given.has(name);
    return !given.has('quick') || quickParts.includes(name);
  });
}

export function parseArguments(args: readonly string[]): ParsedArguments {
  const { values, given, problems } = readOptions(args, table, '--pairs 3', (named) => {
    const names = Object.keys(table) as Name[];
    const entries = names.map((name) => [name, defaultOf(name, named)]);
    return Object.fromEntries(entries) as Record<Name, string | null>;
  });
  if (given.has('help')) return { kind: 'help' };
  const existing = existingOf(given, values, problems);
  if (problems.length > 0) return { kind: 'wrong', problems };
  const { only, readings, pairs, gateways, backlog, days, workers, json } = values;
  return {
    kind: 'run',
    options: {
      parts: partsOf(only, given),
      readings,
      pairs,
      gateways,
      latencyMs: values.latency,
      lossesMs: values.losses,
      backlog,
      days,
      workers,
      existing,
      jsonFile: json,
      check: given.has('check'),
    },
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
  if (given.has('http') && !given.has('address')) {
    problems.push('--http: only with --address');
  }
  const { address: at, 'database-url': databaseUrl, http } = values;
  return at === undefined || databaseUrl === undefined
    ? undefined
    : { address: at, databaseUrl, http };
}

export function helpText(): string {
  const rows = optionLines(table, 24, (name) => {
    const kinds = (['quick', 'large'] as const).flatMap((kind) => {
      const other = otherDefaults[kind][name];
      return other === undefined ? [] : [`${kind}: ${other}`];
    });
    const normal = table[name].default;
    return normal === null ? null : [normal, ...kinds].join(', ');
  });
  return [
    'How fast zdenergy stores readings, beside what COPY alone reaches on the same machine, and',
    'whether it meets its targets.',
    '',
    'npm run bench',
    'npm run bench -- --quick --json figures.json',
    'npm run bench -- --only drain,losses',
    '',
    ...rows,
    '',
    `Parts: ${partNames.join(', ')}.`,
    'It starts a zdenergy of its own for each part, with a new database, and removes all in the end.',
    'TMPDIR says where, and so on which disk. Close other programs first: they take time from it.',
    'large needs some 15 GB of disk and half an hour.',
    'Exit code: 0 when all was measured, also when a target was missed (2 with --check), 1 when',
    'something could not be measured, 64 for wrong arguments, 130 after Ctrl-C.',
  ].join('\n');
}
