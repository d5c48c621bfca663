/**
 * Are the settings right? And is the file that holds them hidden from others?
 *
 * What always holds: all wrong ones are named together, and no secret is shown. With wrong settings
 * the other checks go by the defaults of these, as far as that makes sense.
 */
import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, errorCode, parseSettings, SettingsError } from '@zdenergy/core';
import type { Settings } from '@zdenergy/core';
import { failure, ok, warning, type Finding } from './finding.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const everybodyMayRead = 0o004;

export interface SettingsCheck {
  readonly findings: readonly Finding[];
  /** Undefined: they are so wrong that nothing can be checked by them. */
  readonly settings: Settings | undefined;
}

/** @param loadProblem why `.env` could not be read, if so. */
export async function checkSettings(
  environment: Environment,
  directory: string,
  loadProblem: string | undefined,
): Promise<SettingsCheck> {
  const findings: Finding[] = [];
  if (loadProblem !== undefined) findings.push(failure(`.env cannot be read: ${loadProblem}`));
  const { settings, problems } = readSettings(environment);
  findings.push(
    ...problems.map((problem) => failure(problem, 'mend it in .env or in the environment')),
  );
  findings.push(...(await unreadableTlsFiles(settings)));
  if (findings.length === 0) findings.push(ok('all settings are right'));
  findings.push(await checkEnvFile(join(directory, '.env')));
  return { findings, settings };
}

function readSettings(environment: Environment): {
  settings: Settings | undefined;
  problems: readonly string[];
} {
  try {
    return { settings: parseSettings(environment), problems: [] };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return { settings: withoutWrong(environment, error.problems), problems: error.problems };
  }
}

/** The settings with the defaults of those that are wrong. */
function withoutWrong(environment: Environment, problems: readonly string[]): Settings | undefined {
  const wrong = new Set(problems.map((problem) => /^[A-Z_]+(?==)/.exec(problem)?.[0]));
  const right = Object.entries(environment).filter(([variable]) => !wrong.has(variable));
  try {
    return parseSettings(Object.fromEntries(right));
  } catch {
    // Settings that contradict each other have no default.
    return undefined;
  }
}

async function unreadableTlsFiles(settings: Settings | undefined): Promise<Finding[]> {
  const files = {
    TLS_CERT: settings?.tlsCert,
    TLS_KEY: settings?.tlsKey,
    TLS_CA: settings?.tlsCa,
  };
  const findings: Finding[] = [];
  for (const [variable, file] of Object.entries(files)) {
    if (file === undefined) continue;
    try {
      await access(file, constants.R_OK);
    } catch (error) {
      findings.push(
        failure(`${variable}=${JSON.stringify(file)}: cannot be read (${describeError(error)})`),
      );
    }
  }
  return findings;
}

async function checkEnvFile(file: string): Promise<Finding> {
  try {
    const { mode } = await stat(file);
    if ((mode & everybodyMayRead) === 0) return ok('.env is there, and hidden from others');
    return warning('every user of this machine may read .env', `chmod 600 ${file}`);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      return ok('there is no .env: the environment and the defaults count');
    }
    return warning(`.env cannot be looked at: ${describeError(error)}`);
  }
}
