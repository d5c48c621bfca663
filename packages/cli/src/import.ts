/**
 * `npm run import`: moves readings in from the old server, its table or its CSV exports.
 *
 * On a terminal a bar shows how far it is; elsewhere a line is printed every 10 s. The first Ctrl-C ends
 * it between two blocks, the second at once; the same command goes on where it stood.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import cliProgress from 'cli-progress';
import { describeError, parseSettings, type Settings } from '@zdenergy/core';
import { openImport, openImportTrial } from '@zdenergy/storage';
import { databaseUrl } from './command/installation.js';
import { count, shortened } from './command/text.js';
import { helpText, parseArguments, type Options } from './import/arguments.js';
import { openCsvFile } from './import/csv-file.js';
import { runImport, type ImportResult } from './import/importing.js';
import { refusedOf, reportLines } from './import/report.js';
import { NoTimeZone } from './import/row.js';
import type { Source } from './import/source.js';
import { openTable } from './import/table.js';

const exitRefused = 1;
const exitFailed = 2;
/** As sysexits.h has it. */
const exitUsage = 64;
/** As shells report a process ended by SIGINT. */
const exitInterrupted = 130;
const lineEveryMs = 10_000;
const maxNameCharacters = 40;

let isStopped = false;
/** Something may have been stored. */
let hasBegun = false;

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      console.log(helpText);
      return 0;
    case 'wrong':
      console.error(`Wrong arguments:\n${parsed.problems.map((line) => `  ${line}`).join('\n')}`);
      console.error('npm run import -- --help shows all of them.');
      return exitUsage;
    case 'run':
      return importAll(parsed.options);
  }
}

async function importAll(options: Options): Promise<number> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const settings = parseSettings(process.env);
  const to = await databaseUrl(settings);
  process.once('SIGINT', () => {
    isStopped = true;
    process.once('SIGINT', () => process.exit(exitInterrupted));
  });
  const { table, sensor, columns: given } = options;
  const openings =
    table === undefined
      ? options.files.map((file) => () => openCsvFile(file, { given, sensor }))
      : [() => openTable({ url: table.url, table: table.name, given, sensor })];
  let refused = 0;
  for (const open of openings) {
    const source = await open();
    try {
      const result = await importSource(source, to, options, settings);
      refused += refusedOf(result);
      if (result.ended === 'stopped') return exitInterrupted;
      if (result.ended === 'too many refused') return exitRefused;
    } finally {
      await source.close();
    }
  }
  return refused > 0 ? exitRefused : 0;
}

async function importSource(
  source: Source,
  to: string,
  options: Options,
  settings: Settings,
): Promise<ImportResult> {
  const { timeZone, again, isTrial, maxRefused, sensor } = options;
  const identity = JSON.stringify([source.identity, timeZone ?? null]);
  const id = createHash('sha256').update(identity).digest('hex');
  const open = isTrial ? openImportTrial : openImport;
  const target = await open(to, { id, name: source.name }, again);
  try {
    hasBegun = !isTrial;
    const before = target.state;
    if (source.unused.length > 0) {
      console.log(`   not read: the columns ${source.unused.join(', ')}`);
    }
    if (before.resumeAt !== null && before.finishedAt === null) {
      console.log(`   going on after ${count(before.position)} rows that were read before`);
    }
    const startedAtMs = performance.now();
    const { luxPerWm2, clockSkewFutureMs } = settings;
    const rules = { timeZone, maxRefused, sensor, luxPerWm2, clockSkewFutureMs };
    const display = showProgress(source.name);
    const result = await runImport(source, target, rules, {
      progress: display.update,
      isStopped: () => isStopped,
    }).finally(display.end);
    const tookMs = performance.now() - startedAtMs;
    const { name, mayGrow } = source;
    const context = { name, mayGrow, isTrial, tookMs, maxRefused, before };
    console.log(reportLines(result, context).join('\n'));
    return result;
  } finally {
    await target.close();
  }
}

interface Display {
  readonly update: (share: number, rows: number) => void;
  readonly end: () => void;
}

function showProgress(name: string): Display {
  const shownName = shortened(name, maxNameCharacters);
  if (!process.stdout.isTTY) {
    let shownAtMs = performance.now();
    return {
      update(share, rows) {
        if (performance.now() - shownAtMs < lineEveryMs) return;
        shownAtMs = performance.now();
        console.log(`   ${shownName}: ${Math.floor(share * 100)} %, ${count(rows)} rows`);
      },
      end: () => undefined,
    };
  }
  const bar = new cliProgress.SingleBar({
    format: `   {bar} {percentage} % of ${shownName}, {rows} rows, {eta_formatted} to go`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
  });
  bar.start(1_000, 0, { rows: '0' });
  return {
    update: (share, rows) => bar.update(Math.floor(share * 1_000), { rows: count(rows) }),
    end: () => bar.stop(),
  };
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    const problem =
      error instanceof NoTimeZone
        ? 'The source has times without an offset. Say of which zone they are: --timezone Europe/Berlin ' +
          '(the zone that the clock of the old server showed).'
        : describeError(error);
    console.error(`❌ ${problem}`);
    if (hasBegun) console.error('   What was stored stays; the same command goes on from there.');
    process.exitCode = exitFailed;
  },
);
