/**
 * A Postgres that zdenergy does not run: for outages that nobody mends by himself.
 *
 * Its cluster is one that zdenergy made, served by the same program. What always holds: it never runs
 * as root, and ends when the benchmark does.
 */
import { statSync } from 'node:fs';
import { within } from '@zdenergy/core';
import { openMeasuringSession, type MeasuringSession } from '@zdenergy/storage';
import { unlessEnded, type Program, type StartProgram } from './program.js';

const startLimitMs = 30_000;
const stopLimitMs = 30_000;
const pollMs = 20;

export class OutsidePostgres {
  readonly url: string;
  readonly #executable: string;
  readonly #directory: string;
  readonly #port: number;
  readonly #startProgram: StartProgram;
  #server: Program | undefined;

  /** @param url where it will be reached. A secret. */
  constructor(executable: string, directory: string, url: string, startProgram: StartProgram) {
    this.#executable = executable;
    this.#directory = directory;
    this.url = url;
    this.#port = Number(new URL(url).port);
    this.#startProgram = startProgram;
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  /** Starts it, also again; resolves with a session once it accepts connections. */
  async start(): Promise<MeasuringSession> {
    const { uid, gid } = statSync(this.#directory);
    const account =
      process.getuid?.() === 0 ? ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups'] : [];
    const server = this.#startProgram(
      {
        path: 'setpriv',
        args: [
          ...account,
          ...[
            '--pdeathsig',
            'INT',
            this.#executable,
            '-D',
            '/proc/self/cwd',
            '-p',
            `${this.#port}`,
            '-k',
            '',
          ],
          ...['-c', 'listen_addresses=127.0.0.1', '-c', 'timezone=UTC'],
        ],
      },
      this.#directory,
      {},
    );
    this.#server = server;
    return unlessEnded(server, 'Postgres', openSession(this.url));
  }

  /** A fast shutdown, as `pg_ctl stop` does it. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.signal('SIGINT');
    if ((await within(server.ended, stopLimitMs)) !== 'late') return;
    server.signal('SIGQUIT');
    await server.ended;
  }
}

/** Tries until it can be opened. @throws {Error} when that takes too long. */
export async function openSession(url: string): Promise<MeasuringSession> {
  const deadline = performance.now() + startLimitMs;
  for (;;) {
    try {
      return await openMeasuringSession(url);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}
