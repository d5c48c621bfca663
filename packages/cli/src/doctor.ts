/**
 * `npm run doctor`: what is wrong here, and what to do about it.
 *
 * What always holds: it changes nothing; it works while zdenergy runs and while it does not; each check
 * has a deadline, so that it ends whatever hangs; no secret is shown.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, within, type Settings } from '@zdenergy/core';
import { readCommandLine } from './command/arguments.js';
import { findKeepers, judgeKeepers } from './doctor/comeback.js';
import { judgeDatabase, lookAtDatabase } from './doctor/database.js';
import { failure, findingLines, warning, worst, type Finding } from './doctor/finding.js';
import { judgeJobs } from './doctor/jobs.js';
import { checkJournals, type JournalLook } from './doctor/journal.js';
import { checkDescriptors, checkDisk, checkNode } from './doctor/machine.js';
import { checkPorts } from './doctor/ports.js';
import { findRunning, pm2Of } from './doctor/running.js';
import { askHealth, askSensors, askStats } from './doctor/server.js';
import {
  judgeAlerts,
  judgeGateways,
  judgeHealth,
  judgeLedger,
  judgeTimes,
} from './doctor/service.js';
import { checkSettings } from './doctor/settings.js';

/** As sysexits.h has it. */
const exitUsage = 64;
const exitCodes = { ok: 0, warning: 1, error: 2 } as const;
/** What each check gets; each step within it has a shorter limit of its own. */
const checkTimeoutMs = 15_000;
/** A journal is read in full: some gigabytes in that time. */
const journalTimeoutMs = 20_000;

const help = `What is wrong here, and what to do about it. It changes nothing.

npm run doctor              a line for each thing that was looked at
npm run doctor -- --json    the same for scripts

It looks at settings, ports, database, journal, disk, PM2 or systemd, health, ledger, gateways, jobs and
alerts of the zdenergy of this directory (.env, DATA_DIR), whether it runs or not. It ends within half a minute.
Exit code: 0 all is well, 1 there are warnings (⚠️), 2 there are errors (❌), 64 for wrong arguments.`;

/** A check's name, and what it found. */
type Check = readonly [name: string, findings: Promise<readonly Finding[]>];

async function main(): Promise<number> {
  const { words, given, problems } = readCommandLine(process.argv.slice(2), {
    json: 'switch',
    help: 'switch',
  });
  for (const word of words) problems.push(`${word}: there is no such argument`);
  if (problems.length > 0) {
    console.error(`Wrong arguments:\n${problems.map((line) => `  ${line}`).join('\n')}`);
    console.error('npm run doctor -- --help shows all of them.');
    return exitUsage;
  }
  if (given.has('help')) {
    console.log(help);
    return 0;
  }
  const isJson = given.has('json');
  const found: [string, readonly Finding[]][] = [];
  for (const [name, pending] of await startChecks()) {
    const findings = await pending;
    found.push([name, findings]);
    if (!isJson) console.log(findingLines(name, findings).join('\n'));
  }
  const level = worst(found.flatMap(([, findings]) => findings));
  if (isJson) {
    const checks = found.flatMap(([check, findings]) =>
      findings.map((finding) => ({ check, ...finding })),
    );
    console.log(JSON.stringify({ status: level, checks }));
  } else {
    console.log(conclusion(found));
  }
  return exitCodes[level];
}

function conclusion(found: readonly (readonly [string, readonly Finding[]])[]): string {
  const levels = found.flatMap(([, findings]) => findings.map(({ level }) => level));
  const [errors, warnings] = (['error', 'warning'] as const).map(
    (wanted) => levels.filter((level) => level === wanted).length,
  );
  if (errors + warnings === 0) return '\nAll is well.';
  return `\n${errors} ❌, ${warnings} ⚠️: begin with the first ❌.`;
}

/** Starts all checks at once; they are told in this order. */
async function startChecks(): Promise<Check[]> {
  const loadProblem = loadEnvFile();
  const { findings, settings } = await checkSettings(process.env, process.cwd(), loadProblem);
  const always: Check[] = [
    ['settings', Promise.resolve(findings)],
    ['node', Promise.resolve([checkNode(process.versions.node)])],
  ];
  if (settings === undefined) {
    const text = 'nothing else was looked at: mend the settings first';
    return [...always, ['rest', Promise.resolve([warning(text)])]];
  }
  return [...always, ...(await checksOf(settings))];
}

function loadEnvFile(): string | undefined {
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}

async function checksOf(settings: Settings): Promise<Check[]> {
  const running = await findRunning(settings);
  const look = lookAtDatabase(settings);
  const health = askHealth(settings);
  const stats = askStats(settings);
  const sensors = askSensors(settings).then((answer) =>
    answer.kind === 'answer' ? answer.value : undefined,
  );
  const journals = lookAtJournals(settings, look);
  const check = (
    name: string,
    work: () => Promise<readonly Finding[]>,
    limitMs = checkTimeoutMs,
  ): Check => [name, bounded(work, limitMs)];
  return [
    check('health', async () => judgeHealth(await health, running, settings)),
    check('ports', async () => checkPorts(settings, running)),
    check('database', async () => judgeDatabase(await look, settings, running !== undefined)),
    check('journal', async () => (await journals).findings, journalTimeoutMs + checkTimeoutMs),
    check(
      'ledger',
      async () => {
        const answer = await stats;
        const ledger = answer.kind === 'answer' ? (answer.value.ledger ?? undefined) : undefined;
        const verdicts = ledger === undefined ? (await journals).verdicts : undefined;
        return judgeLedger(ledger, await look, verdicts);
      },
      journalTimeoutMs + checkTimeoutMs,
    ),
    check('gateways', async () => {
      const answer = await health;
      const value = answer.kind === 'answer' ? answer.value : undefined;
      return judgeGateways(await sensors, value, await look, Date.now(), settings.staleAfterMs);
    }),
    check('times', async () => judgeTimes(settings, await sensors)),
    check('jobs', async () => judgeJobs(await look, settings, Date.now())),
    check('disk', async () => [await checkDisk(settings)]),
    check('open files', async () => [await checkDescriptors(settings, running)]),
    check('restart', async () => {
      const pm2 = running && pm2Of(running);
      const home = process.env['HOME'];
      const usualHome = home === undefined ? undefined : join(home, '.pm2');
      const pm2Home = pm2?.home ?? process.env['PM2_HOME'] ?? usualHome;
      return judgeKeepers(await findKeepers({ root: '/', pm2Home }), pm2 !== undefined);
    }),
    check('alerts', async () => judgeAlerts(process.env)),
  ];
}

/** The journals are read until the deadline; `verdicts` is left out when that was too short. */
async function lookAtJournals(
  settings: Settings,
  look: ReturnType<typeof lookAtDatabase>,
): Promise<{ findings: readonly Finding[]; verdicts: JournalLook['verdicts'] | undefined }> {
  const database = await look;
  const problem = database.kind === 'away' ? database.problem : undefined;
  const result = await within(checkJournals(settings, problem), journalTimeoutMs);
  if (result !== 'late') return result;
  const text = `it is too large to be read within ${journalTimeoutMs / 1_000} s`;
  return { findings: [warning(text, 'npm run journal -- verify')], verdicts: undefined };
}

async function bounded(
  work: () => Promise<readonly Finding[]>,
  limitMs: number,
): Promise<readonly Finding[]> {
  try {
    const findings = await within(work(), limitMs);
    if (findings !== 'late') return findings;
    return [failure(`this could not be found out within ${limitMs / 1_000} s`)];
  } catch (error) {
    return [failure(`this could not be found out: ${describeError(error)}`)];
  }
}

// A check that was given up may still hold a file or a connection.
main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    console.error(`❌ ${describeError(error)}`);
    process.exit(exitCodes.error);
  },
);
