/**
 * The arguments of `npm run simulate`, in one table: name, placeholder, default, parser, a line of help.
 *
 * The table is the only source: it checks what was given and prints the help. All that is wrong is
 * reported together.
 */
import { parseArgs } from 'node:util';
import { parseDurationMs } from '@zdenergy/core';
import type { FleetOptions } from './fleet.js';

interface Option<Value> {
  /** What stands after the name in the help; null: a switch, which takes no value. */
  readonly placeholder: string | null;
  /** As it would be given; null: not set, and the value is then undefined. */
  readonly default: string | null;
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
const duration = (minMs: number) => ({
  parse: (text: string): number | undefined => {
    const durationMs = parseDurationMs(text);
    return durationMs !== undefined && durationMs >= minMs ? durationMs : undefined;
  },
  expected: `a duration such as 250ms, 5s or 10m, at least ${minMs} ms`,
});
const text = {
  parse: (value: string): string | undefined => (value === '' ? undefined : value),
  expected: 'a text',
};
const probability = {
  parse: (value: string): number | undefined =>
    /^(\d+\.?\d*|\.\d+)$/.test(value) && Number(value) <= 1 ? Number(value) : undefined,
  expected: 'a probability from 0 to 1, such as 0.1',
};
const isSet = { parse: (): boolean => true, expected: '' };
const keepOrEach = {
  parse: (value: string): 'keep' | 'each' | undefined =>
    value === 'keep' || value === 'each' ? value : undefined,
  expected: 'keep or each',
};

type Parser<Value> = Pick<Option<Value>, 'parse' | 'expected'>;

function option<Value, Default extends string | null>(
  placeholder: string | null,
  defaultText: Default,
  parser: Parser<Value>,
  help: string,
): Option<Value> & { readonly default: Default } {
  return { placeholder, default: defaultText, ...parser, help };
}

const table = {
  host: option('ADDRESS', '127.0.0.1', text, 'The server'),
  port: option('PORT', null, whole(1, 65_535), 'Its port (6000; with --tls 6001)'),
  gateways: option('COUNT', '10', whole(1, 60_000), 'Gateways'),
  'sensors-per-gateway': option('COUNT', '1', whole(1, 1_000), 'Sensors behind each gateway'),
  interval: option('TIME', '5s', duration(10), 'Each sensor is read this often'),
  duration: option('TIME', null, duration(1), 'Stop after this long (until Ctrl-C)'),
  connect: option('HOW', 'keep', keepOrEach, 'keep the connection, or open one for each reading'),
  ack: option(null, null, isSet, 'Send seq, and expect the answers of a server with TCP_ACK=on'),
  tls: option(null, null, isSet, "Speak TLS; the server's certificate is not checked"),
  'tls-cert': option('FILE', null, text, 'Client certificate (PEM), when the server asks for one'),
  'tls-key': option('FILE', null, text, 'Its private key (PEM)'),
  split: option('PROB', '0', probability, 'Packets split at any byte, even within a character'),
  garbage: option('PROB', '0', probability, 'Bytes that are no object before the object'),
  disconnect: option(
    'PROB',
    '0',
    probability,
    'The connection is reset in the middle of the object',
  ),
  duplicate: option('PROB', '0', probability, 'The same reading sent twice'),
  seed: option('NUMBER', '1', whole(0, 2 ** 32 - 1), 'Same seed: same sensors, values and faults'),
  help: option(null, null, isSet, 'Show this'),
} as const;

type Table = typeof table;
type Name = keyof Table;
type Values = {
  [K in Name]: Table[K] extends Option<infer Value>
    ? Table[K]['default'] extends null
      ? Value | undefined
      : Value
    : never;
};

export type ParsedArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] }
  | {
      readonly kind: 'run';
      readonly options: Omit<FleetOptions, 'tls'>;
      readonly tls: TlsFiles | undefined;
    };

export interface TlsFiles {
  /** The client's certificate and key; undefined: the client shows none. */
  readonly identity: { readonly certFile: string; readonly keyFile: string } | undefined;
}

export function parseArguments(args: readonly string[]): ParsedArguments {
  const { given, problems } = readArguments(args);
  if (given.has('help')) return { kind: 'help' };

  const entries = names.map((name): [string, unknown] => {
    const { default: fallback, parse, expected } = table[name];
    const raw = given.get(name) ?? fallback;
    if (raw === null) return [name, undefined];
    const value = parse(raw);
    if (value === undefined) problems.push(`${`--${name} ${raw}`.trim()}: expected ${expected}`);
    return [name, value];
  });
  const values = Object.fromEntries(entries) as Values;

  const certFile = values['tls-cert'];
  const keyFile = values['tls-key'];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    problems.push('--tls-cert and --tls-key: give both, or neither');
  }
  const usesTls = values.tls === true;
  if (!usesTls && (certFile ?? keyFile) !== undefined) {
    problems.push('--tls-cert and --tls-key: need --tls');
  }
  if (problems.length > 0) return { kind: 'wrong', problems };

  const identity =
    certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined;
  const { host, port, gateways, connect, seed, split, garbage, disconnect, duplicate } = values;
  return {
    kind: 'run',
    options: {
      host,
      port: port ?? (usesTls ? 6_001 : 6_000),
      gateways,
      sensorsPerGateway: values['sensors-per-gateway'],
      intervalMs: values.interval,
      durationMs: values.duration,
      ack: values.ack === true,
      connect,
      faults: { split, garbage, disconnect, duplicate },
      seed,
    },
    tls: usesTls ? { identity } : undefined,
  };
}

const names = Object.keys(table) as Name[];
const isName = (name: string): name is Name => Object.hasOwn(table, name);

/** What was given, by name, and what is no argument at all. A switch that was given has the text ''. */
function readArguments(args: readonly string[]): {
  given: ReadonlyMap<Name, string>;
  problems: string[];
} {
  const given = new Map<Name, string>();
  const problems: string[] = [];
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      names.map((name) => [
        name,
        { type: table[name].placeholder === null ? 'boolean' : 'string' },
      ]),
    ),
    strict: false,
    tokens: true,
  });
  let afterUnknown = false;
  for (const token of tokens) {
    if (token.kind === 'positional' && !afterUnknown) {
      problems.push(`${token.value}: every argument starts with a name, such as --gateways 10`);
    } else if (token.kind === 'option' && !isName(token.name)) {
      problems.push(`${token.rawName}: there is no such argument${suggestion(token.name)}`);
    } else if (token.kind === 'option' && isName(token.name)) {
      const isSwitch = table[token.name].placeholder === null;
      if (isSwitch && token.value !== undefined) problems.push(`--${token.name}: takes no value`);
      else given.set(token.name, token.value ?? '');
    }
    // What follows an unknown name was probably meant as its value.
    afterUnknown = token.kind === 'option' && !isName(token.name);
  }
  return { given, problems };
}

/** The argument that was probably meant: the nearest one, when half of its letters are right. */
function suggestion(wrongName: string): string {
  const [nearest] = names
    .map((name) => ({ name, distance: editDistance(wrongName, name) }))
    .sort((a, b) => a.distance - b.distance);
  const isNear = nearest !== undefined && nearest.distance <= nearest.name.length / 2;
  return isNear ? `; did you mean --${nearest.name}?` : '';
}

/** Letters to add, drop or replace to get from one to the other (Levenshtein's distance). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + Number(to[column - 1] !== letter);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

export function helpText(): string {
  const rows = names.map((name) => {
    const { placeholder, default: fallback, help } = table[name];
    const left = `--${name}${placeholder === null ? '' : ` ${placeholder}`}`;
    return `  ${left.padEnd(28)}${help}${fallback === null ? '' : ` (${fallback})`}`;
  });
  return [
    'A fleet of simulated gateways that try a zdenergy server.',
    '',
    'npm run simulate -- --gateways 10 --interval 5s',
    '',
    ...rows,
    '',
    'Faults (split, garbage, disconnect, duplicate) are probabilities for each reading.',
    'Exit code: 0 when every reading was sent (with --ack: and answered), 1 when not, 64 for wrong',
    'arguments, 130 after a second Ctrl-C.',
  ].join('\n');
}
