/**
 * `npm run journal`: checks the journal on disk, or lists its segments.
 *
 * What always holds: it only reads, so that it may run beside zdenergy at any time.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeError, errorCode, parseSettings, type Settings } from '@zdenergy/core';
import {
  askProgress,
  diskFiles,
  judgeJournal,
  listSegments,
  surveyJournal,
} from '@zdenergy/storage';
import { readCommandLine } from './command/arguments.js';
import { databaseUrl, journalDirectories, journalRoot } from './command/installation.js';
import { reportLines, segmentTable } from './journal/report.js';

const exitDamaged = 1;
const exitUnchecked = 2;
/** As sysexits.h has it. */
const exitUsage = 64;

const help = `Looks into the journal, where readings wait for the database. It only reads.

npm run journal -- verify [DIRECTORY]   check everything: headers, checksums, sequence, position
npm run journal -- list [DIRECTORY]     the segments, with their sizes and ages

DIRECTORY is a journal, or holds some; all in DATA_DIR/journal if it is left out.
Exit code: 0 when all is well, 1 when damage was found, 2 when something could not be checked, 64 for
wrong arguments.`;

async function main(): Promise<number> {
  const { words, given, problems } = readCommandLine(process.argv.slice(2), { help: 'switch' });
  const [command = '', directory, ...more] = words;
  if (given.has('help')) {
    console.log(help);
    return 0;
  }
  if (!['verify', 'list'].includes(command)) problems.push('say what to do: verify or list');
  for (const word of more) problems.push(`${word}: one directory is enough`);
  if (problems.length > 0) {
    console.error(`Wrong arguments:\n${problems.map((line) => `  ${line}`).join('\n')}`);
    console.error('npm run journal -- --help shows all of them.');
    return exitUsage;
  }
  if (existsSync('.env')) process.loadEnvFile('.env');
  const settings = parseSettings(process.env);
  const root = directory === undefined ? journalRoot(settings) : resolve(directory);
  const directories = await journalDirectories(root);
  if (directories.length === 0) {
    throw new Error(
      `There is no journal in ${root}. Name its directory, or set DATA_DIR as zdenergy has it.`,
    );
  }
  let exitCode = 0;
  for (const journal of directories) {
    const code =
      command === 'list' ? await list(journal) : await reportFailure(verify, journal, settings);
    // Damage that was found counts more than what could not be looked at.
    if (exitCode !== exitDamaged && code !== 0) exitCode = code;
  }
  return exitCode;
}

async function list(journal: string): Promise<number> {
  const segments = await listSegments(journal, diskFiles);
  console.log(segmentTable(journal, segments, Date.now()).join('\n'));
  return 0;
}

/** Checks one journal; 0 when it is sound. */
async function verify(journal: string, settings: Settings): Promise<number> {
  const survey = await surveyJournal(journal, diskFiles);
  const answer = await ask(survey.journal, settings);
  const verdict = judgeJournal(survey, 'progress' in answer ? answer.progress : undefined);
  console.log(reportLines(survey, verdict, answer, Date.now()).join('\n'));
  return verdict.findings.length > 0 ? exitDamaged : 0;
}

/** What the database says of the journal, or why it does not. */
async function ask(journal: string | null, settings: Settings) {
  if (journal === null) return { kind: 'answered', progress: null } as const;
  try {
    const found = await askProgress(await databaseUrl(settings), [journal]);
    return { kind: 'answered', progress: found.get(journal) ?? null } as const;
  } catch (error) {
    return { kind: 'away', problem: describeError(error) } as const;
  }
}

/** Goes on with the next journal when one cannot be read. */
async function reportFailure(
  check: typeof verify,
  journal: string,
  settings: Settings,
): Promise<number> {
  try {
    return await check(journal, settings);
  } catch (error) {
    console.log(`${journal}\n  ❌ ${failure(error)}`);
    return exitUnchecked;
  }
}

const failure = (error: unknown): string =>
  ['EACCES', 'EPERM'].includes(errorCode(error) ?? '')
    ? `it cannot be read (${describeError(error)}). Run this as the user that runs zdenergy.`
    : `it could not be checked: ${describeError(error)}`;

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(`❌ ${describeError(error)}`);
    process.exitCode = exitUnchecked;
  },
);
