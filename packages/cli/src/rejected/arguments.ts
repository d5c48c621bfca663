/** The arguments of `npm run rejected`: three commands, and what each of them takes. */
import { readCommandLine, wholeNumber } from '../command/arguments.js';

/** Which rejected readings are to be sent again. */
export type Selection =
  | { readonly kind: 'ids'; readonly ids: readonly number[] }
  /** All whose reason contains the text. */
  | { readonly kind: 'all'; readonly reason: string };

export interface ReplayOptions {
  readonly selection: Selection;
  /** Also those that were sent again before. */
  readonly again: boolean;
  /** Undefined: the zdenergy of this machine. */
  readonly host: string | undefined;
  /** Undefined: TCP_PORT. */
  readonly port: number | undefined;
}

export type ParsedArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] }
  | { readonly kind: 'list'; readonly limit: number; readonly reason: string }
  | { readonly kind: 'show'; readonly id: number }
  | { readonly kind: 'replay'; readonly options: ReplayOptions };

const names = {
  limit: 'value',
  reason: 'value',
  all: 'switch',
  again: 'switch',
  host: 'value',
  port: 'value',
  help: 'switch',
} as const;
type Name = keyof typeof names;

/** What each command takes beside --help. */
const taken: Readonly<Record<'list' | 'show' | 'replay', readonly Name[]>> = {
  list: ['limit', 'reason'],
  show: [],
  replay: ['all', 'reason', 'again', 'host', 'port'],
};
const isCommand = (word: string): word is keyof typeof taken => Object.hasOwn(taken, word);

const defaultLimit = 20;
const maxLimit = 10_000;
const maxPort = 65_535;

export function parseArguments(args: readonly string[]): ParsedArguments {
  const { words, given, problems } = readCommandLine(args, names);
  if (given.has('help')) return { kind: 'help' };
  const [command = '', ...rest] = words;
  if (!isCommand(command)) {
    return { kind: 'wrong', problems: [...problems, 'say what to do: list, show or replay'] };
  }
  for (const name of given.keys()) {
    if (!taken[command].includes(name)) problems.push(`--${name}: not with ${command}`);
  }
  const parsed = parseCommand(command, rest, given, problems);
  return problems.length > 0 ? { kind: 'wrong', problems } : parsed;
}

function parseCommand(
  command: keyof typeof taken,
  words: readonly string[],
  given: ReadonlyMap<Name, string>,
  problems: string[],
): ParsedArguments {
  /** The number that was given with a name; undefined when none was. */
  const number = (name: Name, max: number): number | undefined => {
    const text = given.get(name);
    if (text === undefined) return undefined;
    const value = wholeNumber(text, 1, max);
    if (value === undefined) problems.push(`--${name} ${text}: expected a number from 1 to ${max}`);
    return value;
  };
  const reason = given.get('reason') ?? '';
  if (command === 'list') {
    for (const word of words)
      problems.push(`${word}: list takes no number; show ${word} shows one`);
    return { kind: 'list', limit: number('limit', maxLimit) ?? defaultLimit, reason };
  }
  const ids = words.map((word) => {
    const id = wholeNumber(word, 1, Number.MAX_SAFE_INTEGER);
    if (id === undefined) problems.push(`${word}: expected the number of a rejected reading`);
    return id ?? 0;
  });
  if (command === 'show') {
    if (ids.length !== 1) problems.push('show takes one number, as list shows them');
    return { kind: 'show', id: ids[0] ?? 0 };
  }
  const all = given.has('all');
  if (all === ids.length > 0) problems.push('replay takes numbers, as list shows them, or --all');
  if (!all && given.has('reason')) problems.push('--reason: only with --all');
  return {
    kind: 'replay',
    options: {
      selection: all ? { kind: 'all', reason } : { kind: 'ids', ids },
      again: given.has('again'),
      host: given.get('host'),
      port: number('port', maxPort),
    },
  };
}

export const helpText = `What was refused, why, and a second try.

npm run rejected -- list [--limit 20] [--reason TEXT]   the newest first
npm run rejected -- show ID                             everything about one
npm run rejected -- replay ID …                         send these again
npm run rejected -- replay --all [--reason TEXT]        send all again that were not yet

  --reason TEXT   Only those whose reason contains the text
  --again         Also those that were sent again before
  --host ADDRESS  Send to another machine (the zdenergy of this one)
  --port PORT     Its port (TCP_PORT)

Replay sends the raw text as a gateway would, waits until the database shows what became of it, and
notes the time in the column replayed_at. Nothing is deleted.
Exit code: 0 when all is well, 1 when a reading was not stored, 2 when the database or the server
could not be reached, 64 for wrong arguments.`;
