/**
 * The supervisor's process: settings, signals and the exit code.
 *
 * SIGTERM and SIGINT stop it, a second SIGINT at once; SIGHUP reloads the workers. Exit codes: 0
 * after a clean stop, 78 for wrong settings, 143 when PM2 stopped it before it was ready, 1 for all
 * else. With `--help` or `--check` (of the settings) it starts nothing.
 */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Logger, Settings } from '@zdenergy/core';
import {
  createLogger,
  describeError,
  describeSettings,
  parseSettings,
  SettingsError,
  withoutPasswords,
} from '@zdenergy/core';
import { announcement, outsideAddress } from './announcement.js';
import { StartProblem } from './start-problem.js';
import { startSupervisor, type Supervisor } from './supervisor.js';
import { tlsFileProblems } from './tls-files.js';

/** npm passes a Ctrl-C on to a process that the terminal has sent it to already. */
const samePressMs = 1_000;
const configurationExitCode = 78;
/**
 * PM2 forgets that it was stopping when that happens while it waits for "ready", and cannot tell
 * exit code 0 from a death by signal; this code (128 + SIGTERM) tells it not to start again.
 */
const stoppedEarlyExitCode = 143;

/** The build that this file belongs to. */
const ownBuild = fileURLToPath(new URL('../../../', import.meta.url));

if (process.argv.includes('--help')) {
  process.stdout.write(
    `zdenergy takes its settings from the environment and from .env in the current directory:\n\n${describeSettings()}\n`,
  );
} else {
  const settings = readSettings();
  if (process.argv.includes('--check')) process.stdout.write('✅ all settings are right\n');
  else await run(settings, createLogger('supervisor', settings));
}

function readSettings(): Settings {
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
  } catch (error) {
    refuse(`.env: ${describeError(error)}`);
  }
  const problems = tlsFileProblems(process.env);
  try {
    const parsed = parseSettings(process.env);
    if (problems.length === 0) return parsed;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    problems.unshift(...error.problems);
  }
  return refuse(new SettingsError(problems).message);
}

function refuse(problem: string): never {
  process.stderr.write(`💥 ${problem}\nRun "npm start -- --help" for all settings.\n`);
  process.exit(configurationExitCode);
}

/**
 * The file that a worker is started from: of the build that ZDENERGY_CURRENT leads to at that moment,
 * so that a worker that starts is of the version last deployed, whatever version this process is.
 */
function entryOf(role: 'ingest' | 'api'): URL {
  const current = process.env['ZDENERGY_CURRENT'];
  const isThere = current !== undefined && existsSync(current);
  const build = isThere ? realpathSync(current) : ownBuild;
  return pathToFileURL(join(build, 'packages', role, 'dist', 'main.js'));
}

async function run(settings: Settings, logger: Logger): Promise<void> {
  const exit = (code: number): never => {
    logger.flush();
    process.exit(code);
  };
  const startedByPm2 = process.send !== undefined;
  const atTerminal = isatty(0);
  logger.starting(`starting zdenergy (process ${process.pid}, data in ${settings.dataDir})`);

  let isReady = false;
  const ready = (): void => {
    isReady = true;
    const howToStop = startedByPm2
      ? 'pm2 stop zdenergy'
      : atTerminal
        ? 'Ctrl-C'
        : `kill ${process.pid}`;
    logger.listening(announcement(settings, outsideAddress(), howToStop));
    process.send?.('ready', undefined, {}, () => undefined);
  };
  // By its workers' environment deploy.sh finds it, and knows of which build it is.
  const environment = { ...process.env, ZDENERGY_SUPERVISOR_BUILD: ownBuild };
  const starting = startSupervisor(settings, environment, entryOf, logger, ready);

  let stoppingSinceMs: number | undefined;
  const stop = (why: string, exitCode: number): void => {
    if (stoppingSinceMs !== undefined) return;
    stoppingSinceMs = performance.now();
    logger.info(`${why}: stopping; readings in flight are kept`);
    starting
      .then((supervisor) => supervisor.stop())
      .then(
        () => {
          logger.info('stopped');
          exit(exitCode);
        },
        (error: unknown) => {
          logger.error(`stopping failed in part: ${describeError(error)}`);
          exit(1);
        },
      );
  };
  const toldTo = (why: string): void => {
    stop(why, startedByPm2 && !isReady ? stoppedEarlyExitCode : 0);
  };
  const failed = (error: unknown): void => {
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logger.fatal(`unexpected error in the supervisor: ${withoutPasswords(trace)}`);
    stop('after the error', 1);
  };
  process.on('uncaughtException', failed);
  process.on('unhandledRejection', failed);
  process.on('SIGTERM', () => toldTo('SIGTERM'));
  process.on('SIGINT', () => {
    const again =
      stoppingSinceMs !== undefined && performance.now() - stoppingSinceMs > samePressMs;
    if (again) void starting.then((supervisor) => supervisor.kill());
    else toldTo(atTerminal ? 'Ctrl-C' : 'SIGINT');
  });
  process.on('SIGHUP', () => {
    // The same signal says that the terminal was closed; then nobody is left to stop it later.
    if (atTerminal && !isatty(0)) stop('the terminal was closed', 0);
    else void starting.then((supervisor) => reload(supervisor, logger));
  });
  // PM2's daemon died: it would start another zdenergy when it is back, so this one makes way.
  process.on('disconnect', () => stop('PM2 is gone', 0));

  try {
    await starting;
  } catch (error) {
    if (stoppingSinceMs !== undefined) return;
    const expected = error instanceof StartProblem;
    logger.fatal(expected ? error.message : `starting failed: ${describeError(error)}`);
    exit(expected ? error.exitCode : 1);
  }
}

async function reload(supervisor: Supervisor, logger: Logger): Promise<void> {
  logger.restarting('restarting the workers one after the other (SIGHUP)');
  const { failed } = await supervisor.reload();
  if (failed === undefined) logger.info('the workers were reloaded');
  else logger.error(`the reload ends at ${failed}, which did not become ready; the others stay`);
}
