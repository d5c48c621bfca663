/**
 * The arguments of `npm run bench`, in one table: name, placeholder, defaults, parser, a line of help.
 *
 * The table is the only source: it checks what was given and prints the help. All that is wrong is
 * reported together, and never repeats the database's URL, which holds a password.
 */
import { parseArgs } from 'node:util';
import { parseDurationMs } from '@zdenergy/core';
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

interface Argument<Value> {
  /** What stands after the name in the help; null: a switch, which takes no value. */
  readonly placeholder: string | null;
  /** As it would be given; null: not set. */
  readonly default: string | null;
  /** With --quick. */
  readonly quick: string | null;
  /** Undefined when the text is not what is expected. */
  readonly parse: (text: string) => Value | undefined;
  readonly expected: string;
  readonly help: string;
}

const whole = (min: number, max: number) => ({
  parse: (text: string): number | undefined => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= min && value <= max ? value : undefined;
  },
  expected: `a whole number from ${min} to ${max}`,
});
const seconds = {
  parse: (text: string): number | undefined => {
    const durationMs = parseDurationMs(text);
    return durationMs !== undefined && durationMs >= 1_000 ? durationMs : undefined;
  },
  expected: 'a duration such as 30s or 2m, at least 1s',
};
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
const fileName = {
  parse: (text: string): string | undefined => (text === '' ? undefined : text),
  expected: 'the name of a file',
};
const isSet = { parse: (): boolean => true, expected: '' };

function argument<Value>(
  placeholder: string | null,
  defaults: readonly [normal: string | null, quick: string | null],
  parser: Pick<Argument<Value>, 'parse' | 'expected'>,
  help: string,
): Argument<Value> {
  return { placeholder, default: defaults[0], quick: defaults[1], ...parser, help };
}

const unset = [null, null] as const;
/** Ten million readings are prepared in about 2 GB of memory. */
const table = {
  readings: argument('COUNT', ['1000000', '300000'], whole(10_000, 10_000_000), 'Readings a round'),
  pairs: argument('COUNT', ['3', '1'], whole(1, 20), 'Rounds of ingest and COPY'),
  gateways: argument(
    'COUNT',
    ['1000', '1000'],
    whole(1, 10_000),
    'Connections for latency, each sends every 5 s',
  ),
  latency: argument('TIME', ['30s', '10s'], seconds, 'How long latency is measured'),
  workers: argument('COUNT', ['1', '1'], whole(1, 64), 'Ingest workers (INGEST_WORKERS)'),
  quick: argument(null, unset, isSet, 'About half a minute in all, less exact'),
  address: argument('HOST:PORT', unset, address, 'Measure a zdenergy that runs, from outside …'),
  'database-url': argument(
    'URL',
    unset,
    postgresUrl,
    '… and its database; the readings stay in it',
  ),
  json: argument('FILE', unset, fileName, 'Write all figures there, too'),
  help: argument(null, unset, isSet, 'Show this'),
} as const;

type Table = typeof table;
type Name = keyof Table;
type Values = {
  [K in Name]: Table[K] extends Argument<infer Value> ? Value | undefined : never;
};
const names = Object.keys(table) as Name[];
const isName = (name: string): name is Name => Object.hasOwn(table, name);
const secrets: readonly string[] = ['database-url'] satisfies Name[];

export function parseArguments(args: readonly string[]): ParsedArguments {
  const { given, problems } = readArguments(args);
  if (given.has('help')) return { kind: 'help' };
  const quick = given.has('quick');
  const entries = names.map((name): [string, unknown] => {
    const row: Argument<unknown> = table[name];
    const raw = given.get(name) ?? (quick ? row.quick : row.default);
    if (raw === null) return [name, undefined];
    const value = row.parse(raw);
    const shown = secrets.includes(name) ? '(not shown)' : raw;
    if (value === undefined) problems.push(`--${name} ${shown}: expected ${row.expected}`);
    return [name, value];
  });
  const values = Object.fromEntries(entries) as Values;
  const existing = existingOf(given, values, problems);
  if (problems.length > 0) return { kind: 'wrong', problems };
  const { readings = 0, pairs = 0, gateways = 0, latency = 0, workers = 0, json } = values;
  return {
    kind: 'run',
    options: { readings, pairs, gateways, latencyMs: latency, workers, existing, jsonFile: json },
  };
}

function existingOf(
  given: ReadonlyMap<Name, string>,
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

/** What was given, by name, and what is no argument at all. A switch that was given has the text ''. */
function readArguments(args: readonly string[]): {
  given: ReadonlyMap<Name, string>;
  problems: string[];
} {
  const given = new Map<Name, string>();
  const problems: string[] = [];
  const isSwitch = (name: Name): boolean => table[name].placeholder === null;
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      names.map((name) => [name, { type: isSwitch(name) ? 'boolean' : 'string' }]),
    ),
    strict: false,
    tokens: true,
  });
  let afterUnknown = false;
  for (const token of tokens) {
    const unknown = token.kind === 'option' && !isName(token.name);
    if (unknown) {
      problems.push(`${token.rawName}: there is no such argument`);
    } else if (token.kind === 'option' && isName(token.name)) {
      if (isSwitch(token.name) && token.value !== undefined) {
        problems.push(`--${token.name}: takes no value`);
      } else given.set(token.name, token.value ?? '');
    } else if (token.kind === 'positional' && !afterUnknown) {
      problems.push(`${token.value}: every argument starts with a name, such as --pairs 3`);
    }
    // What follows an unknown name was probably meant as its value.
    afterUnknown = unknown;
  }
  return { given, problems };
}

export function helpText(): string {
  const rows = names.map((name) => {
    const { placeholder, default: normal, quick, help } = table[name];
    const left = `--${name}${placeholder === null ? '' : ` ${placeholder}`}`;
    const fallback = quick === normal ? normal : `${normal}, quick: ${quick}`;
    return `  ${left.padEnd(24)}${help}${fallback === null ? '' : ` (${fallback})`}`;
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
