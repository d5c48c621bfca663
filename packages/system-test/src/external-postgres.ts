/**
 * A Postgres that zdenergy does not run: for outages that nobody mends by himself.
 *
 * Its cluster is one that zdenergy made, served by the same program. What always holds: it dies with
 * the test.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import net from 'node:net';
import type { Releases } from '@zdenergy/core';
import { Database } from './database.js';
import { childrenOf, executableOf, signalAll } from './processes.js';
import { Program } from './program.js';
import { eventually } from './wait.js';
import { Zdenergy } from './zdenergy.js';

export class ExternalPostgres {
  readonly url: string;
  readonly database: Database;
  readonly #executable: string;
  readonly #directory: string;
  readonly #port: number;
  #server: Program | undefined;

  private constructor(executable: string, maker: Zdenergy, url: string, releases: Releases) {
    this.#executable = executable;
    this.#directory = join(maker.dataDirectory, 'postgres');
    this.#port = maker.ports.postgres;
    this.url = url;
    this.database = new Database(url, releases);
  }

  static async start(releases: Releases): Promise<ExternalPostgres> {
    const maker = await Zdenergy.start(releases);
    const executable = executableOf(await eventually(() => maker.pidOf('postgres')));
    await maker.stop();
    const url = await maker.databaseUrl();
    const postgres = new ExternalPostgres(executable, maker, url, releases);
    releases.push(() => postgres.kill());
    await postgres.start();
    // What the maker stored in it is nothing, but its tables are there.
    await postgres.database.rows('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    return postgres;
  }

  /** Starts it, also again; resolves once it accepts connections. */
  async start(): Promise<void> {
    const { uid, gid } = statSync(this.#directory);
    this.#server = new Program(
      this.#executable,
      [
        ...['-D', this.#directory, '-p', String(this.#port), '-k', ''],
        ...['-c', 'listen_addresses=127.0.0.1'],
      ],
      {
        cwd: this.#directory,
        env: {},
        ...(process.getuid?.() === 0 && { account: { uid, gid } }),
      },
    );
    await eventually(() => this.database.rows('SELECT 1'));
  }

  /** A fast shutdown, as `pg_ctl stop` does it. */
  async stop(): Promise<void> {
    this.#server?.signal('SIGINT');
    await this.#server?.exited;
  }

  /** Kills all its processes at once. */
  async kill(): Promise<void> {
    signalAll(this.#processes(), 'SIGKILL');
    await this.#server?.exited;
    // The port is free once the last of them is gone.
    await eventually(() => refuses(this.#port));
  }

  /** Stops all its processes where they are: connections stay, answers do not come. */
  freeze(): void {
    signalAll(this.#processes(), 'SIGSTOP');
  }

  resume(): void {
    signalAll(this.#processes(), 'SIGCONT');
  }

  #processes(): number[] {
    const { pid } = this.#server ?? {};
    return pid === undefined ? [] : [pid, ...childrenOf(pid)];
  }
}

/** Resolves when nobody listens on the port. @throws when somebody does. */
function refuses(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      reject(new Error(`port ${port} still answers`));
    });
    socket.on('error', () => resolve());
  });
}
