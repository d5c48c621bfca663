/**
 * A real zdenergy: its own data directory and ports, started as an operator starts it.
 *
 * What always holds: nothing of it outlives the test; its processes are killed and its directory is
 * removed when `releases` are released, whatever state the test left it in.
 */
import { chmod, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ledger, Releases } from '@zdenergy/core';
import { Database } from './database.js';
import { printAtFailure } from './failure-log.js';
import { ask, type Answer } from './http.js';
import { freePort } from './ports.js';
import { processesOf, signalAll } from './processes.js';
import { Program, type Exit } from './program.js';
import { eventually } from './wait.js';

const supervisor = fileURLToPath(new URL('../../supervisor/dist/main.js', import.meta.url));
/** The first start makes a database, which takes seconds on a busy machine. */
const readyWithinMs = 60_000;
const killedWithinMs = 10_000;

export type Settings = Readonly<Record<string, string>>;

export interface Ports {
  readonly tcp: number;
  readonly tls: number;
  readonly http: number;
  readonly postgres: number;
}

export interface Health {
  readonly status: 'ok' | 'warning' | 'error';
  readonly tcp_server: {
    readonly started: boolean;
    readonly thread_alive: boolean;
    readonly last_activity: string;
    readonly seconds_since_activity: number;
  };
  readonly database: { readonly connected: boolean };
  readonly memory_readings_count: number;
  readonly timestamp: string;
  readonly reasons: readonly string[];
}

export interface Stats {
  readonly workers: readonly {
    readonly name: string;
    readonly pid: number | null;
    readonly alive: boolean;
    readonly restarts: number;
  }[];
  readonly tcp: {
    readonly open: number;
    readonly opened: number;
    readonly refused: number;
    readonly timed_out: number;
    readonly times_replaced: number;
  };
  readonly ledger: Ledger;
}

export class Zdenergy {
  readonly directory: string;
  readonly ports: Ports;
  readonly #settings: Settings;
  readonly #releases: Releases;
  #program: Program | undefined;

  private constructor(directory: string, ports: Ports, settings: Settings, releases: Releases) {
    this.directory = directory;
    this.ports = ports;
    this.#settings = settings;
    this.#releases = releases;
  }

  /** Chooses a directory and ports; starts nothing. */
  static async prepare(releases: Releases, settings: Settings = {}): Promise<Zdenergy> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'zdenergy-system-')));
    // Postgres, which root runs as another user, has to pass through it.
    await chmod(directory, 0o711);
    const ports = {
      tcp: await freePort(),
      tls: await freePort(),
      http: await freePort(),
      postgres: await freePort(),
    };
    const zdenergy = new Zdenergy(directory, ports, settings, releases);
    releases.push(() => zdenergy.#remove());
    return zdenergy;
  }

  /** Starts a new one; resolves when it says that it is ready. */
  static async start(releases: Releases, settings: Settings = {}): Promise<Zdenergy> {
    const zdenergy = await Zdenergy.prepare(releases, settings);
    await zdenergy.start();
    return zdenergy;
  }

  get dataDirectory(): string {
    return join(this.directory, 'data');
  }

  /** The settings as the environment has them. */
  get environment(): Settings {
    return {
      DATA_DIR: this.dataDirectory,
      TCP_PORT: String(this.ports.tcp),
      TLS_PORT: String(this.ports.tls),
      HTTP_PORT: String(this.ports.http),
      EMBEDDED_PG_PORT: String(this.ports.postgres),
      ...this.#settings,
    };
  }

  /** The run that was started last. */
  get program(): Program {
    if (this.#program === undefined) throw new Error('it was not started');
    return this.#program;
  }

  /** Starts its process without waiting for anything. */
  launch(changed: Settings = {}): Program {
    const program = new Program(process.execPath, [supervisor], {
      cwd: this.directory,
      env: { ...this.environment, ...changed },
    });
    this.#releases.push(printAtFailure(program, `zdenergy in ${this.directory}`));
    this.#program = program;
    return program;
  }

  /** Starts it, also again; resolves when it says that it is ready. */
  async start(changed: Settings = {}): Promise<void> {
    const program = this.launch(changed);
    let exit: Exit | undefined;
    void program.exited.then((ended) => (exit = ended));
    await eventually(() => {
      if (program.output.includes('zdenergy is ready') || exit !== undefined) return;
      throw new Error(`not ready after ${readyWithinMs} ms:\n${program.output}`);
    }, readyWithinMs);
    if (exit !== undefined) throw new Error(`it ended instead of starting:\n${program.output}`);
  }

  /** Ends it as an operator does; resolves with how it ended, and how long that took. */
  async stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<Exit & { tookMs: number }> {
    const startedAtMs = performance.now();
    this.program.signal(signal);
    const exit = await this.program.exited;
    return { ...exit, tookMs: performance.now() - startedAtMs };
  }

  async health(): Promise<Health> {
    return JSON.parse((await this.ask('/api/health')).body) as Health;
  }

  async stats(): Promise<Stats> {
    return JSON.parse((await this.ask('/api/stats')).body) as Stats;
  }

  ask(path: string, method: 'GET' | 'HEAD' = 'GET'): Promise<Answer> {
    return ask(this.ports.http, path, method);
  }

  /** The process id of `ingest-1`, `api` or `postgres`. @throws while it has none. */
  async pidOf(name: string): Promise<number> {
    const { workers } = await this.stats();
    const pid = workers.find((worker) => worker.name === name)?.pid;
    if (typeof pid !== 'number') throw new Error(`${name} has no process`);
    return pid;
  }

  /** Resolves once health is as wanted. @throws with what it is instead. */
  async whenHealth(wanted: Health['status'], withinMs?: number): Promise<Health> {
    return eventually(async () => {
      const health = await this.health();
      if (health.status === wanted) return health;
      throw new Error(`health is ${health.status}, not ${wanted}: ${health.reasons.join(' ')}`);
    }, withinMs);
  }

  /** The ledger, once this much was received and nothing is pending. @throws with what it is. */
  async settledLedger(received: number, withinMs?: number): Promise<Ledger> {
    return eventually(async () => {
      const { ledger } = await this.stats();
      if (ledger.received === received && ledger.pending === 0) return ledger;
      throw new Error(`${received} were to be settled, but it is ${JSON.stringify(ledger)}`);
    }, withinMs);
  }

  /** The address of its database: the one it was given, or its own. */
  async databaseUrl(): Promise<string> {
    const given = this.#settings['DATABASE_URL'];
    if (given !== undefined) return given;
    const password = await readFile(join(this.dataDirectory, 'postgres.password'), 'utf8');
    return `postgres://zdenergy:${password.trim()}@127.0.0.1:${this.ports.postgres}/zdenergy`;
  }

  async database(): Promise<Database> {
    return new Database(await this.databaseUrl(), this.#releases);
  }

  async #remove(): Promise<void> {
    await eventually(() => {
      const left = processesOf(this.dataDirectory);
      signalAll(left, 'SIGKILL');
      if (left.length > 0) throw new Error(`processes do not end: ${left.join(', ')}`);
    }, killedWithinMs);
    await rm(this.directory, { recursive: true, force: true });
  }
}
