/**
 * PM2 as an operator uses it: the real program, with a home of its own.
 *
 * What always holds: its daemon carries the environment of the zdenergy that it was started for, so
 * that cleaning up after that one ends the daemon too.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { childrenOf, commandOf, processesOf } from './processes.js';
import type { Zdenergy } from './zdenergy.js';

const run = promisify(execFile);

const project = fileURLToPath(new URL('../../../', import.meta.url));
const program = join(project, 'node_modules', '.bin', 'pm2');
/** Longer than any of its own timeouts. */
const timeoutMs = 90_000;

interface ListedApp {
  readonly name: string;
  readonly pid: number;
  readonly pm2_env: { readonly status: string };
}

export class Pm2 {
  readonly #zdenergy: Zdenergy;
  readonly #clone: string;

  /** @param clone the directory of the project that it runs zdenergy from. */
  constructor(zdenergy: Zdenergy, clone = project) {
    this.#zdenergy = zdenergy;
    this.#clone = clone;
  }

  /** Runs a command of PM2 in the project's directory. @throws with what it said when it fails. */
  async run(...args: string[]): Promise<string> {
    const { directory, environment } = this.#zdenergy;
    const { stdout } = await run(program, [...args, '--no-color'], {
      cwd: this.#clone,
      timeout: timeoutMs,
      env: {
        PATH: process.env['PATH'],
        HOME: directory,
        PM2_HOME: join(directory, 'pm2'),
        ...environment,
      },
    });
    return stdout;
  }

  /** The process id and status of zdenergy by PM2's own account; undefined when it knows none. */
  async app(): Promise<{ pid: number; status: string } | undefined> {
    const output = await this.run('jlist');
    const apps = JSON.parse(output.slice(output.indexOf('['))) as ListedApp[];
    const app = apps.find(({ name }) => name === 'zdenergy');
    return app && { pid: app.pid, status: app.pm2_env.status };
  }

  /** @throws {Error} when no daemon runs. */
  get daemonPid(): number {
    const pid = this.#processes().find(isDaemon);
    if (pid === undefined) throw new Error('PM2 has no daemon');
    return pid;
  }

  /** The process that the daemon runs, without asking the daemon. @throws when there is none. */
  get supervisorPid(): number {
    const [pid] = childrenOf(this.daemonPid);
    if (pid === undefined) throw new Error('PM2 runs nothing');
    return pid;
  }

  /** What runs of zdenergy itself. One without a command is ending, and may be the daemon. */
  get ownProcesses(): number[] {
    return this.#processes().filter((pid) => !isDaemon(pid) && commandOf(pid) !== '');
  }

  #processes(): number[] {
    return processesOf(this.#zdenergy.dataDirectory);
  }
}

const isDaemon = (pid: number): boolean => /PM2.*God Daemon/.test(commandOf(pid));
