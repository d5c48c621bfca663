/**
 * Command lines of the form `COMMAND [WHAT …] [--name value …]`: taken apart, not yet understood.
 *
 * What always holds: everything that is wrong is reported together, in plain words.
 */
import { parseArgs } from 'node:util';
import { nearestName } from './suggestion.js';

export interface CommandLine<Name extends string> {
  /** What stands without a name, in order; the first of them is usually a command. */
  readonly words: readonly string[];
  /** What was given, by name, unless its value is missing; a switch that was given has the text ''. */
  readonly given: ReadonlyMap<Name, string>;
  readonly problems: string[];
}

/** Takes a command line apart. `names` tells which arguments there are, and whether they take a value. */
export function readCommandLine<Name extends string>(
  args: readonly string[],
  names: Readonly<Record<Name, 'value' | 'switch'>>,
): CommandLine<Name> {
  const words: string[] = [];
  const given = new Map<Name, string>();
  const problems: string[] = [];
  const isName = (name: string): name is Name => Object.hasOwn(names, name);
  const options = Object.entries(names).map(([name, kind]) => [
    name,
    { type: kind === 'switch' ? 'boolean' : 'string' },
  ]);
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(options) as Record<string, { type: 'boolean' | 'string' }>,
    strict: false,
    tokens: true,
  });
  let followsUnknown = false;
  for (const token of tokens) {
    const isUnknown = token.kind === 'option' && !isName(token.name);
    if (token.kind === 'positional' && !followsUnknown) {
      words.push(token.value);
    } else if (token.kind === 'option' && !isName(token.name)) {
      const meant = nearestName(token.name, Object.keys(names));
      const hint = meant === undefined ? '' : `; did you mean --${meant}?`;
      problems.push(`${token.rawName}: there is no such argument${hint}`);
    } else if (token.kind === 'option' && isName(token.name)) {
      const isSwitch = names[token.name] === 'switch';
      if (isSwitch && token.value !== undefined) problems.push(`${token.rawName}: takes no value`);
      else if (isSwitch) given.set(token.name, '');
      else if (token.value === undefined) problems.push(`${token.rawName}: needs a value`);
      else given.set(token.name, token.value);
    }
    // What follows an unknown name was probably meant as its value.
    followsUnknown = isUnknown;
  }
  return { words, given, problems };
}

/** A whole number within bounds; undefined for another text. */
export function wholeNumber(text: string, min: number, max: number): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= min && value <= max ? value : undefined;
}
