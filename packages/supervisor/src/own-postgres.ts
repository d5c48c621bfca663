/**
 * zdenergy's own Postgres as a supervised child: prepared, started, probed, and started again when
 * it dies or freezes.
 *
 * What always holds: the server runs in a session of its own, so a terminal's Ctrl-C reaches only
 * the supervisor, which lets the workers store what they hold before it ends the server; when the
 * supervisor is killed, the kernel tells the server to shut down; each start first ends a
 * server of the same data that is still there.
 */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger, WorkerState } from '@zdenergy/core';
import { describeError, formatDuration, within } from '@zdenergy/core';
import { postgresAccount, spawnAs } from './account.js';
import { isHung, type Wakefulness } from './liveness.js';
import { describeBusyPort } from './port-holder.js';
import { requireOwnPostgres, type PostgresBinaries } from './postgres-binaries.js';
import {
  databaseName,
  directoryArgument,
  openCluster,
  readPassword,
  type ClusterPlace,
  type Password,
} from './postgres-cluster.js';
import { answers, endServer, killServer, readPostmasterFile } from './postgres-server.js';
import { RestartClock, type Supervised } from './supervised.js';

const probeEveryMs = 5_000;
const readyPollMs = 50;
/** Without an answer for this long it is frozen; one that recovers after a crash does answer. */
const answerLimitMs = 30_000;
/** Its last words may arrive after its exit; a stopped child of its may hold the pipe for ever. */
const lastWordsMs = 200;
/** Of the time to stop, what is kept for the forceful ways. */
const forceMs = 1_000;

interface Server {
  readonly child: ChildProcess;
  readonly startedAtMs: number;
  readonly ended: Promise<void>;
  readyAtMs: number | undefined;
  lastAnswerAtMs: number | undefined;
  /** What it said when it could not go on. */
  lastWords: string | undefined;
  frozen: boolean;
}

export class OwnPostgres implements Supervised {
  /** Where the workers connect. A secret. */
  readonly url: string;
  readonly #home: string;
  readonly #port: number;
  readonly #password: Password;
  readonly #logger: Logger;
  readonly #changed: () => void;
  readonly #restarts: RestartClock;
  readonly #aborted = new AbortController();
  #preparing: Promise<void> | undefined;
  #server: Server | undefined;
  #problem: string | null = null;

  /**
   * @param home DATA_DIR, by its real path.
   * @throws {StartProblem} when this machine cannot run one.
   */
  constructor(home: string, port: number, logger: Logger, changed: () => void) {
    requireOwnPostgres();
    this.#home = home;
    this.#port = port;
    this.#password = readPassword(home);
    this.#logger = logger;
    this.#changed = changed;
    this.#restarts = new RestartClock('Postgres', logger);
    const password = encodeURIComponent(this.#password.value);
    this.url = `postgres://${databaseName}:${password}@127.0.0.1:${port}/${databaseName}`;
  }

  get #directory(): string {
    return join(this.#home, 'postgres');
  }

  get #stopped(): boolean {
    return this.#aborted.signal.aborted;
  }

  start(): void {
    if (this.#stopped || this.#preparing !== undefined || this.#server !== undefined) return;
    this.#preparing = this.#prepare().then(
      ([place, binaries]) => {
        this.#preparing = undefined;
        if (!this.#stopped) this.#run(place, binaries);
      },
      (error: unknown) => {
        this.#preparing = undefined;
        this.#died(describeError(error), 0, false);
      },
    );
    this.#changed();
  }

  async stop(deadlineMs: number): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    this.#aborted.abort();
    this.#restarts.end();
    this.#changed();
    await this.#preparing;
    const server = this.#server;
    if (server === undefined) return;
    // Fast shutdown: ends its sessions and writes a checkpoint, so that the next start is quick.
    server.child.kill('SIGINT');
    if ((await within(server.ended, deadlineMs - forceMs)) !== 'late') return;
    this.#logger.warning(
      'Postgres is slow to stop and is ended at once; it recovers at its next start',
    );
    server.child.kill('SIGQUIT');
    if ((await within(server.ended, deadline - forceMs / 2 - performance.now())) !== 'late') return;
    await killServer(this.#directory);
  }

  kill(): void {
    this.#server?.child.kill('SIGQUIT');
  }

  check(wakefulness: Wakefulness): void {
    const server = this.#server;
    if (server === undefined || server.frozen || this.#stopped) return;
    if (!isHung(wakefulness, server.lastAnswerAtMs ?? server.startedAtMs, answerLimitMs)) return;
    server.frozen = true;
    this.#problem = `it has not answered for ${formatDuration(answerLimitMs)}`;
    this.#changed();
    killServer(this.#directory).catch((error: unknown) => {
      this.#logger.error(`Postgres is frozen and cannot be ended: ${describeError(error)}`);
    });
  }

  describe(nowMs: number): WorkerState {
    const server = this.#server;
    return {
      name: 'postgres',
      role: 'postgres',
      pid: server?.child.pid ?? null,
      status: this.#status(),
      uptimeMs: server === undefined ? 0 : nowMs - server.startedAtMs,
      ...this.#restarts.counts(nowMs),
      heartbeatAgeMs:
        server?.lastAnswerAtMs === undefined ? null : Math.max(0, nowMs - server.lastAnswerAtMs),
      problem: this.#problem,
      process: null,
      ingest: null,
      connectionsPerHour: null,
    };
  }

  #status(): WorkerState['status'] {
    if (this.#stopped) return 'stopping';
    if (this.#server === undefined) return this.#preparing ? 'starting' : 'restarting';
    if (this.#server.frozen) return 'hung';
    return this.#server.readyAtMs === undefined ? 'starting' : 'ready';
  }

  async #prepare(): Promise<[ClusterPlace, PostgresBinaries]> {
    const place = {
      home: this.#home,
      directory: this.#directory,
      account: postgresAccount(this.#directory),
    };
    await endServer(this.#directory);
    const binaries = await openCluster(place, this.#password, this.#logger, this.#aborted.signal);
    return [place, binaries];
  }

  #run(place: ClusterPlace, binaries: PostgresBinaries): void {
    const configuration = [
      ['listen_addresses', '127.0.0.1'],
      ['timezone', 'UTC'],
      ['log_timezone', 'UTC'],
      // What it says is kept for the reason of a crash; routine and every client's error are not.
      ['log_min_messages', 'log'],
      ['log_checkpoints', 'off'],
      ['log_line_prefix', ''],
    ];
    const child = spawnAs(
      place.account,
      'INT',
      join(binaries.directory, 'postgres'),
      [
        ...['-D', directoryArgument(place), '-p', String(this.#port), '-k', ''],
        ...configuration.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      { cwd: place.directory, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const ended = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    const server: Server = {
      child,
      startedAtMs: performance.now(),
      ended,
      readyAtMs: undefined,
      lastAnswerAtMs: undefined,
      lastWords: undefined,
      frozen: false,
    };
    this.#server = server;
    child.stderr?.on('data', (text) => this.#listen(server, String(text)));
    child.once('error', (error) => this.#exited(server, describeError(error), false));
    const heard = new Promise((resolve) => child.stderr?.once('close', resolve));
    child.once('exit', (code, signal) => {
      const exit = signal === null ? `it ended (exit code ${code})` : `it was ended by ${signal}`;
      // Exit code 0 follows a clean shutdown that was not ours.
      const fromOutside = signal !== null || code === 0;
      const settle = (): void => this.#exited(server, exit, fromOutside);
      // Who told it to stop needs no last words, and is to find it gone.
      if (this.#stopped) settle();
      else void within(heard, lastWordsMs).then(settle);
    });
    void this.#awaitReady(server);
    void this.#probe(server);
    this.#changed();
  }

  #listen(server: Server, text: string): void {
    for (const line of text.split('\n').filter((part) => part !== '')) {
      this.#logger.debug(`Postgres: ${line}`);
      if (/^(FATAL|PANIC|HINT):/.test(line) || /could not bind/.test(line)) server.lastWords = line;
    }
  }

  async #awaitReady(server: Server): Promise<void> {
    while (this.#server === server && server.readyAtMs === undefined) {
      const file = readPostmasterFile(this.#directory);
      if (file?.pid === server.child.pid && file?.status === 'ready') {
        server.readyAtMs = performance.now();
        server.lastAnswerAtMs = server.readyAtMs;
        this.#problem = null;
        this.#logger.listening(`Postgres is ready on 127.0.0.1:${this.#port}`);
        this.#changed();
      }
      await sleep(readyPollMs);
    }
  }

  async #probe(server: Server): Promise<void> {
    while (this.#server === server) {
      if (await answers(this.#port)) server.lastAnswerAtMs = performance.now();
      await sleep(probeEveryMs, undefined, { ref: false });
    }
  }

  #exited(server: Server, exit: string, fromOutside: boolean): void {
    if (this.#server !== server) return;
    this.#server = undefined;
    if (this.#stopped) {
      this.#changed();
      return;
    }
    const readyForMs = server.readyAtMs === undefined ? 0 : performance.now() - server.readyAtMs;
    const reason = server.frozen ? (this.#problem ?? exit) : this.#explain(server, exit);
    this.#died(reason, readyForMs, fromOutside && !server.frozen);
  }

  /** Why it died, for a person; a busy port is the one cause that needs one. */
  #explain(server: Server, exit: string): string {
    if (server.readyAtMs !== undefined || server.lastWords === undefined) return exit;
    if (/could not (bind|create any TCP)/.test(server.lastWords)) {
      return describeBusyPort(this.#port, 'EMBEDDED_PG_PORT');
    }
    return `${exit}; it said: ${server.lastWords}`;
  }

  #died(reason: string, readyForMs: number, fromOutside: boolean): void {
    if (!this.#stopped) {
      this.#problem = reason;
      this.#restarts.schedule(reason, { readyForMs, fromOutside }, () => this.start());
    }
    this.#changed();
  }
}
