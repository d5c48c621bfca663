/**
 * The steps of scripts/deploy.sh that look at a running zdenergy or change it:
 *
 *     node scripts/deploy-steps.js find                     its process id, the build that serves, the supervisor's
 *     node scripts/deploy-steps.js try BUILD [restart]      tries a build in a temporary directory
 *     node scripts/deploy-steps.js settings BUILD           whether that build starts with the settings as they are now
 *     node scripts/deploy-steps.js migrate BUILD            brings the database to that build's schema
 *     node scripts/deploy-steps.js switch BUILD [restart]   lets the build serve, or the one before again
 *
 * What always holds: `switch` ends with a build that serves, the new one or the one before, unless
 * it says otherwise; an interruption counts as a failure. Exit codes: 0 it is done, 1 nothing was
 * changed, 2 the build before serves again, 3 a person is needed.
 */
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { commitOf, letServe } = require('./deploy-switch.js');
const { tryBuild } = require('./deploy-trial.js');
const { root } = require('./prepare.js');
const { environmentOf, findRunning, keeperOf } = require('./running-zdenergy.js');

const unchanged = 1;
const rolledBack = 2;
const broken = 3;

class Failure extends Error {
  constructor(exitCode, message) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** @throws {Failure} when none runs, or its build is not known. */
function mustRun() {
  const running = findRunning(root);
  if (running === undefined) {
    throw new Failure(
      unchanged,
      `No zdenergy runs in ${root}. Start it first, and run this as the same user.`,
    );
  }
  if (running.supervisorBuild === undefined || running.workers.some(({ build }) => !build)) {
    throw new Failure(
      unchanged,
      'The zdenergy that runs is older than deploy.sh. Restart it once as a whole.',
    );
  }
  return running;
}

function find() {
  const { pid, workers, supervisorBuild } = mustRun();
  process.stdout.write(`${[pid, workers[0].build, supervisorBuild].join('\t')}\n`);
}

async function trial(build, how, aborted) {
  const { supervisorBuild } = mustRun();
  try {
    await tryBuild(how === 'restart' ? build : supervisorBuild, build, commitOf(build), aborted);
  } catch (error) {
    const hint =
      how === 'reload' && /cannot be read/.test(error.message)
        ? '\nIts workers and the supervisor that runs do not understand each other: use --restart.'
        : '';
    throw new Failure(unchanged, `${error.message}${hint}`);
  }
}

/** Runs a file of a build, in the environment of a process; gives its exit code. */
function runIn(environment, build, file, ...args) {
  const env = { ...environment };
  // These say that node has a channel to its parent, which only that process has.
  delete env.NODE_CHANNEL_FD;
  delete env.NODE_CHANNEL_SERIALIZATION_MODE;
  const stdio = ['ignore', 'inherit', 'inherit'];
  return spawnSync(process.execPath, [path.join(build, file), ...args], { cwd: root, env, stdio })
    .status;
}

/** As whoever starts the supervisor anew would give them: in its environment, and in .env. */
function checkSettings(build) {
  const environment = environmentOf(mustRun().pid);
  const status = runIn(environment, build, 'packages/supervisor/dist/main.js', '--check');
  if (status !== 0) throw new Failure(unchanged, 'Mend the settings, in .env say.');
}

function migrate(build) {
  const status = runIn(mustRun().environment, build, 'packages/cli/dist/migrate.js');
  if (status !== 0)
    throw new Failure(unchanged, 'The database could not be brought to the new schema.');
}

async function switchTo(build, how, aborted) {
  const running = mustRun();
  if (how === 'restart' && keeperOf(running) === undefined) {
    throw new Failure(
      unchanged,
      'Neither PM2 nor systemd runs this zdenergy: restart it yourself.',
    );
  }
  const outcome = await letServe(build, running, how, aborted);
  if (outcome.isBack) {
    throw new Failure(rolledBack, `The version before serves again; health is ${outcome.status}.`);
  }
  if (outcome.problem !== undefined) {
    throw new Failure(
      broken,
      `💥 The version before does not serve either: ${outcome.problem}. Look at the log, and restart zdenergy.`,
    );
  }
}

async function main([step, target, how = 'reload']) {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)));
  }
  // The terminal may be gone; what was begun is ended all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const build = target && path.resolve(root, target);
  switch (step) {
    case 'find':
      return find();
    case 'try':
      return trial(build, how, interruption.signal);
    case 'settings':
      return checkSettings(build);
    case 'migrate':
      return migrate(build);
    case 'switch':
      return switchTo(build, how, interruption.signal);
    default:
      throw new Failure(unchanged, `There is no step "${step}".`);
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof Failure ? error.exitCode : unchanged;
});
