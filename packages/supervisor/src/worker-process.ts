/**
 * One supervised worker: forked, given its sockets, watched, and forked again when it dies.
 *
 * What always holds: at most one process at a time; each fork is an incarnation of its own, and what
 * an older one still sends is ignored; nothing is forked once `stop` was called. A process does nothing
 * but load its code until it is told to begin.
 */
import { fork, type ChildProcess, type SendHandle } from 'node:child_process';
import type {
  FromWorker,
  IngestSnapshot,
  Logger,
  ProcessState,
  ToWorker,
  WorkerState,
} from '@zdenergy/core';
import { describeError, formatDuration, parseFromWorker, within } from '@zdenergy/core';
import { ConnectionHours } from './connection-hours.js';
import type { BoundSocket } from './listening-sockets.js';
import { isBlameless } from './restart-policy.js';
import { bootLimitMs, heartbeatLimitMs, isHung, type Wakefulness } from './liveness.js';
import { Outbox } from './outbox.js';
import { RestartClock, type Supervised } from './supervised.js';

/** A worker ends by its deadline; its exit needs a moment to be seen. */
const exitGraceMs = 250;
/** EX_CONFIG: the worker cannot work with its settings. */
const configurationExitCode = 78;

export interface WorkerSpec {
  readonly name: string;
  readonly role: 'ingest' | 'api';
  /** The JavaScript file that node runs; asked at each fork, for a new version may be there then. */
  readonly entry: () => URL;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly sockets: readonly BoundSocket[];
}

export interface WorkerEvents {
  /** Its status, or what it says of itself, is another now. */
  changed(): void;
  /** Readings for the live view; never read here. */
  live(message: Extract<FromWorker, { type: 'live' }>): void;
  /** What its gateways sent; never read here. */
  gateways(message: Extract<FromWorker, { type: 'gateways' }>): void;
}

interface Incarnation {
  readonly child: ChildProcess;
  readonly outbox: Outbox;
  readonly startedAtMs: number;
  readonly ended: Deferred;
  /** Done once it is ready, or has ended without. */
  readonly settled: Deferred;
  /** Told to start; before, it counts as not there yet. */
  begun: boolean;
  readyAtMs: number | undefined;
  lastBeatAtMs: number | undefined;
  /** As of the last heartbeat. */
  process: ProcessState | null;
  /** Told to end, so that its end is no death. */
  stopping: boolean;
  hung: boolean;
  /** What is wrong with it, as it said itself or as its silence says. */
  fault: string | undefined;
  /** Why what it last said could not be read. */
  unreadable: string | undefined;
}

interface Deferred {
  readonly done: Promise<void>;
  readonly resolve: () => void;
}

function deferred(): Deferred {
  let resolve = (): void => undefined;
  const done = new Promise<void>((resolveDone) => (resolve = resolveDone));
  return { done, resolve };
}

export class WorkerProcess implements Supervised {
  readonly #spec: WorkerSpec;
  readonly #logger: Logger;
  readonly #events: WorkerEvents;
  readonly #restarts: RestartClock;
  #current: Incarnation | undefined;
  #stopped = false;
  #problem: string | null = null;
  #ingest: IngestSnapshot | null = null;
  readonly #hours = new ConnectionHours();

  constructor(spec: WorkerSpec, logger: Logger, events: WorkerEvents) {
    this.#spec = spec;
    this.#logger = logger;
    this.#events = events;
    this.#restarts = new RestartClock(spec.name, logger);
  }

  get name(): string {
    return this.#spec.name;
  }

  start(): void {
    if (this.#stopped || this.#current?.begun === true) return;
    const incarnation = this.#current ?? this.#fork();
    if (incarnation !== undefined) this.#begin(incarnation);
  }

  /** Makes the process, which then loads its code; undefined, and a later try, when that fails. */
  #fork(): Incarnation | undefined {
    const { name, entry, environment } = this.#spec;
    let child: ChildProcess;
    try {
      child = fork(entry(), [], {
        env: { ...environment, ZDENERGY_WORKER_NAME: name },
        execArgv: ['--enable-source-maps'],
        serialization: 'advanced',
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
    } catch (error) {
      this.#problem = `it could not be started: ${describeError(error)}`;
      const death = { readyForMs: 0, fromOutside: false };
      this.#restarts.schedule(this.#problem, death, () => this.start());
      this.#events.changed();
      return undefined;
    }
    const incarnation = this.#watch(child);
    this.#current = incarnation;
    return incarnation;
  }

  #begin(incarnation: Incarnation): void {
    incarnation.begun = true;
    // Without a process there is no channel either; its 'error' event follows.
    if (incarnation.child.pid === undefined) return;
    for (const { listener, handle } of this.#spec.sockets) {
      // Node's types know only its own classes, but its IPC takes the raw handle of a bound socket.
      incarnation.outbox.send({ type: 'socket', listener }, handle as unknown as SendHandle);
    }
    incarnation.outbox.send({ type: 'start' });
    this.#events.changed();
  }

  /** Ends the process and starts a new one at once; gives whether that has become ready. */
  async reload(deadlineMs: number): Promise<boolean> {
    this.#restarts.cancel();
    if (this.#current !== undefined) await this.#end(this.#current, deadlineMs);
    this.start();
    const incarnation = this.#current;
    await incarnation?.settled.done;
    return incarnation?.readyAtMs !== undefined;
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    this.#restarts.end();
    if (this.#current !== undefined) await this.#end(this.#current, deadlineMs);
  }

  kill(): void {
    this.#current?.child.kill('SIGKILL');
  }

  check(wakefulness: Wakefulness): void {
    const incarnation = this.#current;
    if (incarnation === undefined || incarnation.stopping || incarnation.hung) return;
    const { readyAtMs, lastBeatAtMs, startedAtMs } = incarnation;
    const booting = readyAtMs === undefined;
    const limitMs = booting ? bootLimitMs : heartbeatLimitMs;
    if (!isHung(wakefulness, lastBeatAtMs ?? readyAtMs ?? startedAtMs, limitMs)) return;
    incarnation.hung = true;
    const silence = booting
      ? `it was not ready ${formatDuration(limitMs)} after its start`
      : `it hung: no sign of life for ${formatDuration(limitMs)}`;
    incarnation.fault = incarnation.unreadable ?? silence;
    this.#problem = incarnation.fault;
    this.#events.changed();
    incarnation.child.kill('SIGKILL');
  }

  describe(nowMs: number): WorkerState {
    const { name, role } = this.#spec;
    const current = this.#current?.begun === true ? this.#current : undefined;
    return {
      name,
      role,
      pid: current?.child.pid ?? null,
      status: this.#status(),
      uptimeMs: current === undefined ? 0 : nowMs - current.startedAtMs,
      ...this.#restarts.counts(nowMs),
      heartbeatAgeMs:
        current?.lastBeatAtMs === undefined ? null : Math.max(0, nowMs - current.lastBeatAtMs),
      problem: this.#problem,
      process: current?.process ?? null,
      ingest: this.#ingest,
      connectionsPerHour: role === 'ingest' ? this.#hours.perHour(Date.now()) : null,
    };
  }

  /** Sends to a running worker; without one the message is dropped. */
  sendLatest(kind: string, latest: () => ToWorker): void {
    this.#current?.outbox.sendLatest(kind, latest);
  }

  /** Sends to a running worker that has taken the last message of this type. */
  sendOrDrop(message: ToWorker): void {
    this.#current?.outbox.sendOrDrop(message);
  }

  #status(): WorkerState['status'] {
    if (this.#stopped) return 'stopping';
    if (this.#current?.begun !== true || this.#current.stopping) return 'restarting';
    if (this.#current.hung) return 'hung';
    return this.#current.readyAtMs === undefined ? 'starting' : 'ready';
  }

  #watch(child: ChildProcess): Incarnation {
    const incarnation: Incarnation = {
      child,
      outbox: new Outbox(child),
      startedAtMs: performance.now(),
      ended: deferred(),
      settled: deferred(),
      begun: false,
      readyAtMs: undefined,
      lastBeatAtMs: undefined,
      process: null,
      stopping: false,
      hung: false,
      fault: undefined,
      unreadable: undefined,
    };
    child.on('message', (received) => {
      if (this.#current === incarnation) this.#receive(incarnation, received);
    });
    const end = (reason: string, fromOutside: boolean): void => {
      incarnation.ended.resolve();
      incarnation.settled.resolve();
      if (this.#current === incarnation) this.#ended(incarnation, reason, fromOutside);
    };
    child.once('exit', (code, signal) => {
      end(describeExit(code, signal), signal !== null ? isRequest(signal) : code === 0);
    });
    // A process that could not be forked has no exit.
    child.on('error', (error) => {
      if (child.pid === undefined) end(`it could not be started: ${describeError(error)}`, false);
    });
    return incarnation;
  }

  #receive(incarnation: Incarnation, received: unknown): void {
    let message: FromWorker;
    try {
      message = parseFromWorker(received);
    } catch (error) {
      this.#unreadable(incarnation, describeError(error));
      return;
    }
    switch (message.type) {
      case 'ready':
        incarnation.readyAtMs = performance.now();
        incarnation.fault = undefined;
        this.#problem = null;
        incarnation.settled.resolve();
        this.#events.changed();
        break;
      case 'heartbeat':
        incarnation.lastBeatAtMs = performance.now();
        incarnation.process = message.process;
        incarnation.unreadable = undefined;
        this.#ingest = message.ingest ?? this.#ingest;
        if (message.ingest !== null) this.#hours.report(message.ingest.connections, Date.now());
        break;
      case 'problem':
        incarnation.fault = message.problem;
        this.#problem = message.problem;
        this.#events.changed();
        break;
      case 'live':
        this.#events.live(message);
        break;
      case 'gateways':
        this.#events.gateways(message);
        break;
      default:
        message satisfies never;
    }
  }

  /** Without heartbeats that can be read, `check` ends it, and this is then the reason. */
  #unreadable(incarnation: Incarnation, problem: string): void {
    const unreadable = `it sent a message that cannot be read (${problem}); if zdenergy was updated, restart it as a whole`;
    const isNews = incarnation.unreadable !== unreadable;
    incarnation.unreadable = unreadable;
    // A heartbeat comes every second; the same line again would say nothing more.
    if (isNews) this.#logger.error(`${this.#spec.name}: ${unreadable}`);
  }

  #ended(incarnation: Incarnation, exit: string, fromOutside: boolean): void {
    this.#current = undefined;
    this.#hours.ended(Date.now());
    if (!incarnation.stopping) {
      this.#problem = incarnation.fault ?? exit;
      const { readyAtMs, hung } = incarnation;
      const readyForMs = readyAtMs === undefined ? 0 : performance.now() - readyAtMs;
      const death = { readyForMs, fromOutside: fromOutside && !hung };
      this.#restarts.schedule(this.#problem, death, () => this.start());
      // One that did nothing wrong has nothing to think over: the next loads its code during the wait.
      if (isBlameless(death) && !this.#stopped) this.#fork();
    }
    this.#events.changed();
  }

  async #end(incarnation: Incarnation, deadlineMs: number): Promise<void> {
    incarnation.stopping = true;
    this.#events.changed();
    incarnation.outbox.send({ type: 'stop', deadlineMs });
    if ((await within(incarnation.ended.done, deadlineMs + exitGraceMs)) !== 'late') return;
    this.#logger.warning(
      `${this.#spec.name} did not stop within ${formatDuration(deadlineMs)} and is ended by force`,
    );
    incarnation.child.kill('SIGKILL');
    await incarnation.ended.done;
  }
}

/** Signals that somebody sends; others, such as SIGSEGV, a process brings upon itself. */
function isRequest(signal: NodeJS.Signals): boolean {
  return ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'].includes(signal);
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `it was ended by ${signal}`;
  if (code === configurationExitCode) {
    return 'its settings cannot work (exit code 78); its own lines in the log say why';
  }
  if (code === 0) return 'it stopped by itself, or was told to by somebody else';
  return `it failed (exit code ${code ?? 'unknown'})`;
}
