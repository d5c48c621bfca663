/** `npm run rejected`: lists what was refused, shows one, sends some again. */
import { existsSync } from 'node:fs';
import { describeError, parseSettings, type Settings } from '@zdenergy/core';
import { openRejectedReadings, type RejectedReadings } from '@zdenergy/storage';
import { databaseUrl } from './command/installation.js';
import { counted } from './command/text.js';
import { helpText, parseArguments, type ParsedArguments } from './rejected/arguments.js';
import { details, listedRawCharacters, listing } from './rejected/listing.js';
import { replay } from './rejected/replay.js';

const exitNotStored = 1;
const exitUnreachable = 2;
/** As sysexits.h has it. */
const exitUsage = 64;
/** Where the output is no terminal. */
const defaultWidth = 160;

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      console.log(helpText);
      return 0;
    case 'wrong':
      console.error(`Wrong arguments:\n${parsed.problems.map((line) => `  ${line}`).join('\n')}`);
      console.error('npm run rejected -- --help shows all of them.');
      return exitUsage;
    default:
      return withDatabase((database, settings) => run(parsed, database, settings));
  }
}

async function withDatabase(
  work: (database: RejectedReadings, settings: Settings) => Promise<number>,
): Promise<number> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const settings = parseSettings(process.env);
  const database = await openRejectedReadings(await databaseUrl(settings));
  try {
    return await work(database, settings);
  } finally {
    await database.close();
  }
}

async function run(
  command: Exclude<ParsedArguments, { kind: 'help' | 'wrong' }>,
  database: RejectedReadings,
  settings: Settings,
): Promise<number> {
  switch (command.kind) {
    case 'list': {
      const { reason, limit } = command;
      const rejects = await database.newest(reason, limit, listedRawCharacters);
      const total = await database.count(rejects.length === 0 ? '' : reason);
      const width = process.stdout.isTTY ? process.stdout.columns : defaultWidth;
      console.log(listing(rejects, total, width).join('\n'));
      return 0;
    }
    case 'show': {
      const [reject] = await database.find([command.id]);
      if (reject === undefined) {
        console.error(`❌ There is no rejected reading ${command.id}.`);
        return exitNotStored;
      }
      console.log(details(reject).join('\n'));
      return 0;
    }
    case 'replay': {
      const print = (line: string): void => console.log(line);
      const { stored, notStored } = await replay(command.options, settings, database, print);
      if (stored + notStored === 0) console.log('There is nothing to send again.');
      else console.log(`${counted(stored, 'reading')} stored or there already, ${notStored} not`);
      return notStored === 0 ? 0 : exitNotStored;
    }
  }
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(`❌ ${describeError(error)}`);
    process.exitCode = exitUnreachable;
  },
);
