/**
 * `npm test`: installs and builds what is missing, then lints, checks the format and the types, and
 * runs the unit tests, the random tests, the system tests and the faults.
 *
 *     npm test                              everything but the slow faults; with CI=true those too,
 *                                           more random tests, a look for known holes in what we
 *                                           depend on, and the tests on other Node.js
 *     npm test -- --unit [pattern …]        only unit tests, of files that match
 *     npm test -- --random [pattern …]      only random tests; with CI=true as many as CI runs
 *     npm test -- --system [pattern …]      only system tests, of files that match
 *     npm run test:faults [-- pattern …]    only faults, the slow ones too, of files that match
 *     npm test -- --unit settings -t TLS    further options go to jest
 *
 * What always holds: the first stage that fails is the last that runs; the last line is
 * `N passed, N failed`, where a stage without tests, a file of tests that could not be loaded, a
 * test that was left out and a run of no test at all count as failed; the exit code is 0 only when
 * nothing failed; it is over after 57 minutes (and OUTAGE_MINUTES, where that is set), whatever hangs.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { prepare } = require('./prepare.js');

const root = path.join(__dirname, '..');
const minuteMs = 60_000;
/** The long outage lasts as long as it is told to; a minute of it is in the limits anyway. */
const outageMs = Number(process.env.OUTAGE_MINUTES ?? 0) * minuteMs;
const endsAtMs = Date.now() + 57 * minuteMs + outageMs;
const isCi = Boolean(process.env.CI);

/** Jest's own experiments with ES modules are no news; other warnings are. */
const jest = [
  '--disable-warning=ExperimentalWarning',
  '--experimental-vm-modules',
  path.join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
];

const checks = [
  { name: 'lint', command: 'npm', args: ['run', '--silent', 'lint'], timeoutMs: 4 * minuteMs },
  {
    name: 'format',
    command: 'npm',
    args: ['run', '--silent', 'format:check'],
    timeoutMs: minuteMs,
  },
  {
    name: 'types',
    command: 'npm',
    args: ['run', '--silent', 'typecheck'],
    timeoutMs: 4 * minuteMs,
  },
];
/** After everything else: what has passed here may still fail there, or for reasons that are not ours. */
const lastChecks = [
  {
    name: 'audit',
    command: process.execPath,
    args: [path.join(__dirname, 'audit.js')],
    timeoutMs: 2 * minuteMs,
  },
  {
    name: 'nodes',
    command: process.execPath,
    args: [path.join(__dirname, 'test-nodes.js'), '--bounded'],
    timeoutMs: 8 * minuteMs,
  },
];
const oneAtATime = ['--runInBand', '--testTimeout=180000'];
/** Left out of a plain `npm test`, for which somebody waits. */
const withoutSlow = isCi ? [] : ['--testPathIgnorePatterns=[.]slow[.]test[.]ts$'];
/** A million mutated streams in two files, and 21,000 runs of the journal against its model. */
const manyCases = { FUZZ_RUNS: '500000', MODEL_RUNS: '3000' };
const runs = [
  { name: 'unit', args: [], timeoutMs: 8 * minuteMs },
  {
    name: 'random',
    // The names of the tests tell the seed that is new each time.
    args: ['--maxWorkers=2', '--verbose'],
    environment: isCi ? manyCases : {},
    timeoutMs: 12 * minuteMs,
  },
  { name: 'system', args: oneAtATime, timeoutMs: 20 * minuteMs },
  {
    name: 'faults',
    args: oneAtATime,
    argsAmongOthers: withoutSlow,
    timeoutMs: 25 * minuteMs + outageMs,
  },
];

/** Runs a command in the foreground; undefined when it succeeded, otherwise what went wrong. */
function run(command, args, timeoutMs, environment = {}) {
  const startedAtMs = Date.now();
  const { error, signal, status } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: Math.max(1, Math.min(timeoutMs, endsAtMs - startedAtMs)),
    killSignal: 'SIGKILL',
  });
  if (error?.code === 'ETIMEDOUT') {
    return `not done after ${((Date.now() - startedAtMs) / minuteMs).toFixed(1)} minutes`;
  }
  if (error) return error.message;
  if (signal) return `ended by ${signal}`;
  return status === 0 ? undefined : `exit code ${status}`;
}

function runCheck({ name, command, args, timeoutMs }) {
  const problem = run(command, args, timeoutMs);
  return { name, problem, passed: 0, failed: problem === undefined ? 0 : 1 };
}

/** Runs jest on one kind of test. With `chosen` arguments, leaving other tests out is no failure. */
function runTests({ name, args, environment, timeoutMs }, chosen) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'zdenergy-test-'));
  const report = path.join(directory, 'report.json');
  const figures = path.join(directory, 'figures.ndjson');
  try {
    const problem = run(
      process.execPath,
      [...jest, ...chosen, ...args, '--json', `--outputFile=${report}`, '--selectProjects', name],
      timeoutMs,
      { ...environment, ZDENERGY_FIGURES: figures },
    );
    printFigures(figures);
    return { name, ...count(readReport(report), problem, chosen.length === 0) };
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** Prints what the tests have measured, if any of them did, in the order of the table of faults. */
function printFigures(file) {
  if (!fs.existsSync(file)) return;
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  const figures = lines.map((line) => JSON.parse(line));
  figures.sort((a, b) => Number.parseInt(a.row, 10) - Number.parseInt(b.row, 10));
  process.stdout.write('\n| # | fault | measured |\n|---|---|---|\n');
  for (const { row, fault, measured } of figures) {
    process.stdout.write(`| ${row} | ${fault} | ${measured} |\n`);
  }
}

function readReport(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Passed and failed tests of a jest report, and what is wrong with the run, if anything. */
function count(report, problem, mustRunAll) {
  if (report === undefined) {
    return { problem: problem ?? 'jest wrote no report', passed: 0, failed: 1 };
  }
  const passed = report.numPassedTests;
  const leftOut = mustRunAll ? report.numPendingTests + report.numTodoTests : 0;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites + leftOut;
  if (failed > 0) return { problem: problem ?? `${leftOut} tests were left out`, passed, failed };
  if (passed === 0) return { problem: 'no test ran', passed, failed: 1 };
  return { problem, passed, failed: problem === undefined ? 0 : 1 };
}

async function runPrepare() {
  try {
    await prepare();
    return { name: 'prepare', problem: undefined, passed: 0, failed: 0 };
  } catch (error) {
    return { name: 'prepare', problem: error.message, passed: 0, failed: 1 };
  }
}

function withArgsAmongOthers({ args, argsAmongOthers = [], ...tests }) {
  return { ...tests, args: [...args, ...argsAmongOthers] };
}

/** The stages that the arguments ask for, each a function that gives its outcome. */
function chooseStages(args) {
  const kind = runs.find(({ name }) => args[0] === `--${name}`);
  const chosen = kind
    ? [() => runTests(kind, args.slice(1))]
    : [
        ...checks.map((check) => () => runCheck(check)),
        ...runs.map((tests) => () => runTests(withArgsAmongOthers(tests), args)),
        ...(isCi ? lastChecks : []).map((check) => () => runCheck(check)),
      ];
  return [runPrepare, ...chosen];
}

async function main(args) {
  let passed = 0;
  let failed = 0;
  for (const stage of chooseStages(args)) {
    const startedAtMs = Date.now();
    const outcome = await stage();
    const took = `${Math.round((Date.now() - startedAtMs) / 1_000)} s`;
    passed += outcome.passed;
    failed += outcome.failed;
    if (outcome.problem !== undefined) {
      process.stdout.write(`\n❌ ${outcome.name} failed after ${took}: ${outcome.problem}\n`);
      break;
    }
    process.stdout.write(`✅ ${outcome.name} (${took})\n`);
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

void main(process.argv.slice(2));
