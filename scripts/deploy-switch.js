/**
 * Lets another build serve, under the zdenergy that runs: it tells that to take the build up, watches
 * what comes of it, and takes the one before up again when that is no good.
 *
 * What always holds: the link that new workers follow is changed in one step, and leads to the build
 * before again before anything else is done about a failure; what counts is what runs and answers.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { currentLink, root } = require('./prepare.js');
const { findRunning, healthOf } = require('./running-zdenergy.js');

/** A worker stops within 8 s and is ready within 30 s, or is ended and started anew. */
const servesWithinMs = 90_000;
/** It has to go on like this for so long. */
const settledMs = 3_000;
const pollMs = 100;
const severity = { ok: 0, warning: 1, error: 2 };

const say = (text) => process.stdout.write(`${text}\n`);

/** The commit that a build is of; undefined for one that was built in place. */
function commitOf(build) {
  const file = path.join(build, 'release.json');
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).commit : undefined;
}

/** Lets the link lead to the build, in one step; undefined: takes the link away. */
function point(build) {
  if (build === undefined) {
    fs.rmSync(currentLink, { force: true });
    return;
  }
  const aside = `${currentLink}.new`;
  fs.rmSync(aside, { force: true });
  fs.symlinkSync(path.relative(path.dirname(currentLink), build), aside);
  fs.renameSync(aside, currentLink);
}

/**
 * What keeps a build from counting as the one that serves; undefined: it does.
 * @param goal the build, the names of its workers, and how bad health may be.
 * @param oldPids process ids that its workers may no longer have.
 */
function problemOf(goal, oldPids, running, health) {
  if (running === undefined) return 'no worker runs';
  if (goal.supervisorToo && running.supervisorBuild !== goal.build) {
    return 'the supervisor was not restarted';
  }
  if (health === undefined) return '/api/health does not answer';
  // A supervisor that starts reads the settings anew, which may ask for other workers: those that run
  // then count, and health says below whether all are ready.
  const names = goal.supervisorToo ? running.workers.map(({ name }) => name) : goal.names;
  for (const name of names) {
    const worker = running.workers.find((candidate) => candidate.name === name);
    if (worker === undefined) return `${name} does not run`;
    if (worker.build !== goal.build) return `${name} still runs ${worker.build}`;
    if (oldPids.has(worker.pid)) return `${name} was not restarted`;
  }
  const commit = commitOf(goal.build);
  if (commit !== undefined && health.commit !== commit) return `/api/health shows ${health.commit}`;
  const reasons = health.reasons.join(' ');
  const waiting = health.workers.find(({ status }) => status !== 'ready');
  if (waiting !== undefined) return `${waiting.name} is ${waiting.status}: ${reasons}`;
  const isWorse = severity[health.status] > goal.severity;
  return isWorse ? `health is ${health.status}: ${reasons}` : undefined;
}

/** Notes the workers of the build that were started; gives the name of one that was twice. */
function diedOnce(goal, oldPids, running, started) {
  for (const { name, pid, build } of running?.workers ?? []) {
    if (build !== goal.build || oldPids.has(pid)) continue;
    started.set(name, (started.get(name) ?? new Set()).add(pid));
  }
  return [...started].find(([, pids]) => pids.size > 1)?.[0];
}

/** Whether the supervisor has yet to be told to take up the build that the link leads to. */
function mustBeTold(goal, { pid, supervisorBuild }, told) {
  if (!goal.supervisorToo) return told.size === 0;
  // One of that build was started by then by whoever keeps it running: it has followed the link.
  return !told.has(pid) && (pid === goal.supervisorPid || supervisorBuild !== goal.build);
}

/** Sends a signal; false when the process is gone. */
function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Tells the supervisor, once it is there, to take up the build that the link leads to, and watches
 * until that serves and goes on doing so. Ended by SIGTERM, the supervisor is started anew by whoever
 * keeps it running; where there is none at the moment, that one is waited for.
 * @returns health then. @throws {Error} saying what is wrong instead.
 */
async function takeUp(goal, aborted) {
  const deadline = performance.now() + servesWithinMs;
  const told = new Set();
  const oldPids = new Set();
  const started = new Map();
  let goodSinceMs;
  for (;;) {
    // It may have died since it was seen last, and its process id be another's.
    const running = findRunning(root);
    if (running !== undefined && mustBeTold(goal, running, told)) {
      for (const { pid } of running.workers) oldPids.add(pid);
      if (signal(running.pid, goal.supervisorToo ? 'SIGTERM' : 'SIGHUP')) told.add(running.pid);
    }
    const health = running && (await healthOf(running.environment));
    const problem = problemOf(goal, oldPids, running, health);
    const died = diedOnce(goal, oldPids, running, started);
    // While the build before comes back, one of its workers may have started before it was told to.
    if (aborted !== undefined && died !== undefined) {
      throw new Error(`${died} died and was started again. ${health?.reasons.join(' ') ?? ''}`);
    }
    const nowMs = performance.now();
    goodSinceMs = problem === undefined ? (goodSinceMs ?? nowMs) : undefined;
    if (goodSinceMs !== undefined && nowMs - goodSinceMs >= settledMs) return health;
    if (nowMs > deadline) throw new Error(`after ${servesWithinMs / 1_000} s: ${problem}`);
    aborted?.throwIfAborted();
    await sleep(pollMs);
  }
}

/**
 * Lets the build serve, or the one before again.
 * @param running what runs now.
 * @param how reload: the workers alone; restart: the supervisor, too.
 * @param aborted a signal that counts as a failure.
 * @returns `isBack` with health's `status` when the one before serves again, `problem` when neither does.
 */
async function letServe(build, running, how, aborted) {
  const previous = fs.existsSync(currentLink) ? fs.realpathSync(currentLink) : undefined;
  const health = await healthOf(running.environment);
  const goal = {
    build,
    names: running.workers.map(({ name }) => name),
    severity: severity[health?.status] ?? Infinity,
    supervisorToo: how === 'restart',
    supervisorPid: running.pid,
  };
  point(build);
  try {
    const { status, version, reasons } = await takeUp(goal, aborted);
    say(`✅ version ${version} serves; health is ${[status, ...reasons].join(': ')}`);
    return {};
  } catch (error) {
    say(`❌ ${error.message}`);
  }
  say('↩️ going back to the version before …');
  point(previous);
  try {
    const back = { ...goal, build: running.workers[0].build, supervisorPid: undefined };
    const { status } = await takeUp(back, undefined);
    return { isBack: true, status };
  } catch (error) {
    return { problem: error.message };
  }
}

module.exports = { commitOf, letServe };
