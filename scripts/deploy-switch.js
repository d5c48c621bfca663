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

/** What runs now, and what it says of itself. */
async function look() {
  const running = findRunning(root);
  return { running, health: running && (await healthOf(running.environment)) };
}

/**
 * What keeps a build from counting as the one that serves; undefined: it does.
 * @param goal the build, the names of its workers, whose process ids they may no longer have, and
 * how bad health may be.
 */
function problemOf(goal, { running, health }) {
  if (running === undefined) return 'no worker runs';
  for (const name of goal.names) {
    const worker = running.workers.find((candidate) => candidate.name === name);
    if (worker === undefined) return `${name} does not run`;
    if (worker.build !== goal.build) return `${name} still runs ${worker.build}`;
    if (goal.oldPids.includes(worker.pid)) return `${name} was not restarted`;
  }
  if (goal.supervisorToo && running.supervisorBuild !== goal.build) {
    return 'the supervisor was not restarted';
  }
  if (health === undefined) return '/api/health does not answer';
  const commit = commitOf(goal.build);
  if (commit !== undefined && health.commit !== commit) return `/api/health shows ${health.commit}`;
  const reasons = health.reasons.join(' ');
  const waiting = health.workers.find(({ status }) => status !== 'ready');
  if (waiting !== undefined) return `${waiting.name} is ${waiting.status}: ${reasons}`;
  const isWorse = severity[health.status] > goal.severity;
  return isWorse ? `health is ${health.status}: ${reasons}` : undefined;
}

/** Notes the workers of the build that were started; gives the name of one that was twice. */
function diedOnce(goal, running, started) {
  for (const { name, pid, build } of running?.workers ?? []) {
    if (build !== goal.build || goal.oldPids.includes(pid)) continue;
    started.set(name, (started.get(name) ?? new Set()).add(pid));
  }
  return [...started].find(([, pids]) => pids.size > 1)?.[0];
}

/**
 * Tells a supervisor to take up the build that the link leads to, and watches until it serves and
 * goes on doing so. Ended by SIGTERM, the supervisor is started anew by whoever keeps it running.
 * @returns health then. @throws {Error} saying what is wrong instead.
 */
async function takeUp(goal, supervisorPid, aborted) {
  process.kill(supervisorPid, goal.supervisorToo ? 'SIGTERM' : 'SIGHUP');
  const deadline = performance.now() + servesWithinMs;
  const started = new Map();
  let goodSinceMs;
  for (;;) {
    const now = await look();
    const problem = problemOf(goal, now);
    const died = diedOnce(goal, now.running, started);
    // While the build before comes back, one of its workers may have started before it was told to.
    if (aborted !== undefined && died !== undefined) {
      const reasons = now.health?.reasons.join(' ') ?? '';
      throw new Error(`${died} died and was started again. ${reasons}`);
    }
    const nowMs = performance.now();
    goodSinceMs = problem === undefined ? (goodSinceMs ?? nowMs) : undefined;
    if (goodSinceMs !== undefined && nowMs - goodSinceMs >= settledMs) return now.health;
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
  const pidsOf = ({ workers }) => workers.map(({ pid }) => pid);
  const goal = {
    build,
    names: running.workers.map(({ name }) => name),
    oldPids: pidsOf(running),
    severity: severity[health?.status] ?? Infinity,
    supervisorToo: how === 'restart',
  };
  point(build);
  try {
    const { status, version, reasons } = await takeUp(goal, running.pid, aborted);
    say(`✅ version ${version} serves; health is ${[status, ...reasons].join(': ')}`);
    return {};
  } catch (error) {
    say(`❌ ${error.message}`);
  }
  say('↩️ going back to the version before …');
  point(previous);
  try {
    const now = findRunning(root) ?? running;
    const back = { ...goal, build: running.workers[0].build, oldPids: pidsOf(now) };
    const { status } = await takeUp(back, now.pid, undefined);
    return { isBack: true, status };
  } catch (error) {
    return { problem: error.message };
  }
}

module.exports = { commitOf, letServe };
