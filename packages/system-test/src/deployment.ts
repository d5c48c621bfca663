/**
 * The project as an operator has it: a clone that follows a remote, and whoever commits there.
 *
 * What always holds: both are copies in a temporary directory, of the sources as they are here; the
 * clone is installed and built, by links to the packages here and a copy of the build.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Releases } from '@zdenergy/core';

const run = promisify(execFile);

const project = fileURLToPath(new URL('../../../', import.meta.url));
const deployWithinMs = 170_000;

export interface DeployOutcome {
  readonly code: number;
  /** What it said, on both of its outputs. */
  readonly output: string;
}

/** What a commit changes: the new text of each file, made of the one before. */
export type Changes = Readonly<Record<string, (before: string) => string>>;

/** For package.json. */
export const withVersion = (version: string) => (text: string) =>
  text.replace(/"version": "[^"]*"/, `"version": "${version}"`);

/** A build that takes no time: that of the version before, with one change to a built file. */
export const builtBySed = (edit: string, file: string) => (text: string) =>
  withVersion('9.9.9')(text).replace(
    /"build": "(?:[^"\\]|\\.)*"/,
    '"build": "if test -e ../current; then cp -r ../current/packages .; else cp -r ../../packages .; fi' +
      ` && sed --in-place '${edit}' ${file}"`,
  );

export class Deployment {
  /** Where an operator cloned to. */
  readonly clone: string;
  readonly #remote: string;

  private constructor(directory: string) {
    this.#remote = join(directory, 'remote');
    this.clone = join(directory, 'zdenergy');
  }

  static async prepare(releases: Releases): Promise<Deployment> {
    const directory = await mkdtemp(join(tmpdir(), 'zdenergy-deploy-'));
    releases.push(() => rm(directory, { recursive: true, force: true }));
    // Postgres, which root runs as another user, has to pass through it.
    await chmod(directory, 0o711);
    const deployment = new Deployment(directory);
    await deployment.#makeRemote();
    await run('git', ['clone', '--quiet', deployment.#remote, deployment.clone]);
    await linkPackages(deployment.clone);
    await copyBuild(deployment.clone);
    return deployment;
  }

  /** Commits a change to the remote; gives the commit. */
  async commit(message: string, changes: Changes): Promise<string> {
    for (const [name, change] of Object.entries(changes)) {
      const file = join(this.#remote, name);
      await writeFile(file, change(existsSync(file) ? await readFile(file, 'utf8') : ''));
    }
    await this.#author('add', '--all');
    await this.#author('commit', '--quiet', '--message', message);
    return (await this.#author('rev-parse', 'HEAD')).trim();
  }

  /** The commit that the clone's branch is at. */
  async head(): Promise<string> {
    return (await run('git', ['rev-parse', 'HEAD'], { cwd: this.clone })).stdout.trim();
  }

  /** Runs scripts/deploy.sh in the clone, as an operator does. */
  deploy(...args: string[]): Promise<DeployOutcome> {
    return this.#run('scripts/deploy.sh', args);
  }

  /** The same where no file can get longer than so many kilobytes, as on a disk that is full. */
  deployWithShortFiles(kilobytes: number): Promise<DeployOutcome> {
    return this.#run('bash', ['-c', `ulimit -f ${kilobytes}; exec scripts/deploy.sh`]);
  }

  async #run(command: string, args: readonly string[]): Promise<DeployOutcome> {
    const options = {
      cwd: this.clone,
      timeout: deployWithinMs,
      env: { PATH: process.env['PATH'], HOME: dirname(this.clone) },
    };
    try {
      const { stdout, stderr } = await run(command, [...args], options);
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, output: stdout + stderr };
    }
  }

  async #makeRemote(): Promise<void> {
    const listed = await run(
      'git',
      ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
      { cwd: project },
    );
    for (const name of new Set(listed.stdout.split('\0'))) {
      if (name === '' || !existsSync(join(project, name))) continue;
      await cp(join(project, name), join(this.#remote, name));
    }
    await this.#author('init', '--quiet', '--initial-branch=main');
    await this.commit('The version that runs', {});
  }

  async #author(...args: string[]): Promise<string> {
    const identity = ['-c', 'user.name=Author', '-c', 'user.email=author@example.org'];
    return (await run('git', [...identity, ...args], { cwd: this.#remote })).stdout;
  }
}

/** Links to the installed packages; those of the project itself lead to the clone's own. */
async function linkPackages(clone: string): Promise<void> {
  const [from, to] = [join(project, 'node_modules'), join(clone, 'node_modules')];
  await mkdir(join(to, '.cache'), { recursive: true });
  for (const name of await readdir(from)) {
    if (['@zdenergy', '.cache', '.package-lock.json'].includes(name)) continue;
    await symlink(join(from, name), join(to, name));
  }
  await cp(join(from, '@zdenergy'), join(to, '@zdenergy'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  // By the time of this one it is seen that the packages are up to date.
  await writeFile(join(to, '.package-lock.json'), '{}');
}

async function copyBuild(clone: string): Promise<void> {
  for (const name of await readdir(join(project, 'packages'))) {
    const dist = join('packages', name, 'dist');
    if (existsSync(join(project, dist))) {
      await cp(join(project, dist), join(clone, dist), { recursive: true });
    }
  }
  await writeFile(join(clone, 'node_modules', '.cache', 'zdenergy-built'), '');
}
