/**
 * A program under test: started, its output kept, its end awaited.
 *
 * What always holds: where the system has setpriv it dies with the test process, however that ends;
 * in Node.js it dies of the first thing it does that a later Node.js will not allow.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';

const setpriv = '/usr/bin/setpriv';

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whom it runs as; only root may choose. */
  readonly account?: { readonly uid: number; readonly gid: number };
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Program {
  readonly pid: number;
  /** When the process itself has ended. */
  readonly exited: Promise<Exit>;
  /** When it has ended and all its output is here. */
  readonly finished: Promise<Exit>;
  readonly #child: ChildProcess;
  #output = '';

  /** @throws {Error} when it cannot be started. */
  constructor(file: string, args: readonly string[], { cwd, env, account }: ProgramOptions) {
    const [command, ...all] = existsSync(setpriv)
      ? [setpriv, '--pdeathsig', 'KILL', file, ...args]
      : [file, ...args];
    this.#child = spawn(command, all, {
      ...account,
      cwd,
      env: {
        PATH: process.env['PATH'],
        HOME: cwd,
        ...env,
        NODE_OPTIONS: ['--throw-deprecation', env['NODE_OPTIONS'] ?? ''].join(' '),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid, stdout, stderr } = this.#child;
    if (pid === undefined) throw new Error(`${file} could not be started`);
    this.pid = pid;
    for (const stream of [stdout, stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    this.exited = this.#event('exit');
    this.finished = this.#event('close');
  }

  /** Everything it has said so far, on both of its outputs. */
  get output(): string {
    return this.#output;
  }

  get lines(): string[] {
    return this.#output.split('\n').filter((line) => line !== '');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #event(name: 'exit' | 'close'): Promise<Exit> {
    return new Promise((resolve) => {
      this.#child.once(name, (code: number | null, signal: NodeJS.Signals | null) =>
        resolve({ code, signal }),
      );
    });
  }
}
