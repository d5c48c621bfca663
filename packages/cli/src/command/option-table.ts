/**
 * The options of a command in one table: name, placeholder, default, parser, a line of help.
 *
 * The table is the only source: it checks what was given and prints the help. What always holds: all
 * that is wrong is reported together, and a secret's value is never repeated.
 */
import { parseDurationMs } from '@zdenergy/core';
import { readCommandLine, wholeNumber } from './arguments.js';

export interface Parser<Value> {
  /** Undefined when the text is not what is expected. */
  readonly parse: (text: string) => Value | undefined;
  readonly expected: string;
}

export interface Option<Value> extends Parser<Value> {
  /** What stands after the name in the help; null: a switch, which takes no value. */
  readonly placeholder: string | null;
  /** As it would be given; null: not set, and the value is then undefined. */
  readonly default: string | null;
  readonly help: string;
  readonly isSecret: boolean;
}

/** Keeps each row's own type, so that the types of the values are derived from the table. */
export function option<Value, Default extends string | null>(
  placeholder: string | null,
  defaultText: Default,
  parser: Parser<Value>,
  help: string,
  { isSecret = false } = {},
): Option<Value> & { readonly default: Default } {
  return { placeholder, default: defaultText, ...parser, help, isSecret };
}

export const whole = (min: number, max: number): Parser<number> => ({
  parse: (text) => wholeNumber(text, min, max),
  expected: `a whole number from ${min} to ${max}`,
});

/** Milliseconds. `examples` as in `such as 5s or 10m`. */
export const duration = (minMs: number, examples: string, shownMin: string): Parser<number> => ({
  parse: (text) => {
    const durationMs = parseDurationMs(text);
    return durationMs !== undefined && durationMs >= minMs ? durationMs : undefined;
  },
  expected: `a duration such as ${examples}, at least ${shownMin}`,
});

export const text = (expected: string): Parser<string> => ({
  parse: (value) => (value === '' ? undefined : value),
  expected,
});

export const isSet: Parser<boolean> = { parse: () => true, expected: '' };

type Table = Readonly<Record<string, Option<unknown>>>;

/** What a table's options hold; without a default a value may be undefined. */
export type ValuesOf<Options extends Table> = {
  readonly [Name in keyof Options]: Options[Name] extends Option<infer Value>
    ? Options[Name]['default'] extends null
      ? Value | undefined
      : Value
    : never;
};

export interface ReadOptions<Options extends Table> {
  /** Only to be used when there are no problems. */
  readonly values: ValuesOf<Options>;
  readonly given: ReadonlySet<keyof Options>;
  readonly problems: string[];
}

/**
 * Reads a command line that holds nothing but options.
 * @param example of a right one, such as `--gateways 10`.
 * @param defaults instead of the table's own, by what was given.
 */
export function readOptions<Options extends Table>(
  args: readonly string[],
  table: Options,
  example: string,
  defaults?: (given: ReadonlySet<keyof Options>) => Readonly<Record<keyof Options, string | null>>,
): ReadOptions<Options> {
  const names = Object.keys(table) as (keyof Options & string)[];
  const kinds = Object.fromEntries(
    names.map((name) => [name, table[name].placeholder === null ? 'switch' : 'value']),
  ) as Record<keyof Options & string, 'switch' | 'value'>;
  const { words, given: texts, problems } = readCommandLine(args, kinds);
  for (const word of words) {
    problems.push(`${word}: every argument starts with a name, such as ${example}`);
  }
  const given = new Set<keyof Options>(texts.keys());
  const fallbacks = defaults?.(given);
  const entries = names.map((name): [string, unknown] => {
    const row = table[name];
    const raw = texts.get(name) ?? (fallbacks === undefined ? row.default : fallbacks[name]);
    if (raw === null) return [name, undefined];
    const value = row.parse(raw);
    if (value === undefined) {
      const shown = row.isSecret ? '(not shown)' : raw;
      problems.push(`${`--${name} ${shown}`.trim()}: expected ${row.expected}`);
    }
    return [name, value];
  });
  return { values: Object.fromEntries(entries) as ValuesOf<Options>, given, problems };
}

/** A line of help for each option. `describeDefault` may say more than the default itself. */
export function optionLines<Options extends Table>(
  table: Options,
  width: number,
  describeDefault: (name: keyof Options & string) => string | null = (name) => table[name].default,
): string[] {
  const names = Object.keys(table) as (keyof Options & string)[];
  return names.map((name) => {
    const { placeholder, help } = table[name];
    const left = `--${name}${placeholder === null ? '' : ` ${placeholder}`}`;
    const fallback = describeDefault(name);
    return `  ${left.padEnd(width)}${help}${fallback === null ? '' : ` (${fallback})`}`;
  });
}
