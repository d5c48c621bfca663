/**
 * The ingest worker: gateways → journal → Postgres.
 *
 * It listens once the journal is open, whether or not there is a database. It stops in this order:
 * accept no more, read what is on its way, make it durable and answer, close connections, drain for
 * a moment.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type IngestSnapshot,
  type Ledger,
  type ListenerName,
  type Logger,
  type Settings,
  type SocketHandle,
  type SupervisorLink,
  type WorkerDuties,
} from '@zdenergy/core';
import { diskFiles, Drain, DrainFigures, Intake, Journal } from '@zdenergy/storage';
import { Decoder } from './decoding.js';
import { Gateways } from './gateways.js';
import { listenPlain, listenTls, type Listener } from './listeners.js';
import { LiveFeed } from './live-feed.js';

/** The share of the time to stop that is left for closing, when the last commit or the drain took theirs. */
const closingShare = 0.1;
/**
 * Enough to store what is on its way. The rest is safe in the journal, and until this process has
 * ended, no other serves the port.
 */
const lastDrainMs = 1_000;

/** What each gateway sent is for people to look at. */
const gatewaysEveryMs = 2_000;

/** A journal with the drain that empties it. */
interface Queue {
  readonly journal: Journal;
  readonly drain: Drain;
}

export class IngestWorker implements WorkerDuties {
  readonly #name: string;
  readonly #settings: Settings;
  readonly #databaseUrl: string;
  readonly #log: Logger;
  readonly #link: SupervisorLink;
  /** The first is this worker's own; the others were left by workers that are no more. */
  readonly #queues: Queue[] = [];
  readonly #listeners: Listener[] = [];
  readonly #decoder: Decoder;
  /** Of all drains together. */
  readonly #drainFigures = new DrainFigures();
  #intake: Intake | undefined;
  #gateways: Gateways | undefined;
  #liveFeed: LiveFeed | undefined;
  #gatewaysTimer: NodeJS.Timeout | undefined;

  constructor(
    name: string,
    settings: Settings,
    databaseUrl: string,
    log: Logger,
    link: SupervisorLink,
  ) {
    this.#name = name;
    this.#settings = settings;
    this.#databaseUrl = databaseUrl;
    this.#log = log;
    this.#link = link;
    const names = currentNames(settings);
    const index = Math.max(0, names.indexOf(name));
    this.#decoder = new Decoder(settings, { index, count: names.length });
  }

  async start(sockets: ReadonlyMap<ListenerName, SocketHandle>): Promise<void> {
    const { journal, drain } = await this.#openQueue(this.#name);
    const liveFeed = new LiveFeed((rows, readings) =>
      this.#link.send({ type: 'live', worker: this.#name, pid: process.pid, readings, rows }),
    );
    const intake = new Intake(journal, this.#settings.journalReserveBytes, {
      durable: (batch) => {
        drain.wake();
        this.#gateways?.pace();
        liveFeed.push(batch.readings.rows, batch.readingCount);
      },
      blocked: (blocked) => this.#gateways?.setBlocked(blocked),
      problem: (problem) => this.#tellProblem(problem),
    });
    const isBehind = (): boolean => drain.isBehind(intake.heldItems);
    const gateways = new Gateways(this.#settings, intake, this.#decoder, isBehind, this.#log);
    this.#intake = intake;
    this.#gateways = gateways;
    this.#liveFeed = liveFeed;
    await intake.start();
    drain.start();
    await this.#adoptJournals();
    liveFeed.start();
    gateways.start();
    this.#gatewaysTimer = setInterval(() => this.#tellGateways(gateways), gatewaysEveryMs);
    const tcp = sockets.get('tcp');
    if (tcp !== undefined) {
      this.#listeners.push(listenPlain(tcp, gateways));
      this.#log.listening(`TCP Server listening on port ${this.#settings.tcpPort}`);
    }
    const tls = sockets.get('tls');
    if (tls !== undefined) {
      this.#listeners.push(await listenTls(tls, this.#settings, gateways));
      this.#log.listening(`TCP Server listening on port ${this.#settings.tlsPort} (TLS)`);
    }
  }

  async stop(deadlineMs: number): Promise<void> {
    const endsAt = performance.now() + deadlineMs * (1 - closingShare);
    for (const listener of this.#listeners) listener.close();
    await this.#gateways?.finishReading();
    await this.#intake?.stop(Math.max(0, endsAt - performance.now()));
    this.#gateways?.closeAll();
    this.#liveFeed?.stop();
    clearInterval(this.#gatewaysTimer);
    const drainMs = Math.min(lastDrainMs, Math.max(0, endsAt - performance.now()));
    await Promise.all(
      this.#queues.map(async ({ journal, drain }) => {
        await drain.stop(drainMs);
        await journal.close();
      }),
    );
  }

  snapshot(): IngestSnapshot | null {
    const intake = this.#intake;
    const gateways = this.#gateways;
    const own = this.#queues[0];
    if (intake === undefined || gateways === undefined || own === undefined) return null;
    const { noiseBytes, ...connections } = gateways.counts;
    const drains = this.#queues.map(({ drain }) => drain);
    return {
      kind: 'ingest',
      idleMs: performance.now() - gateways.lastActivityAtMs,
      connections,
      input: { ...this.#decoder.counts, noiseBytes },
      rejects: { ...this.#decoder.rejects, ...this.#drainFigures.rejects },
      ledger: drains.map(({ ledger }) => ledger).reduce(addLedgers),
      ledgerConfirmed: drains.every(({ isAgreed }) => isAgreed),
      storing: this.#drainFigures.storing,
      journal: {
        problem: intake.problem,
        readProblem: firstReadProblem(drains),
        bytes: this.#queues.reduce((sum, { journal }) => sum + journal.bytes, 0),
        oldestPendingMs: Math.max(...this.#queues.map(({ journal }) => journal.oldestPendingMs)),
        unsyncedMs: intake.unsyncedMs,
        diskFreeBytes: intake.space.freeBytes,
        diskTotalBytes: intake.space.totalBytes,
      },
      database: { connected: own.drain.state.connected, problem: own.drain.state.problem },
    };
  }

  async #openQueue(name: string): Promise<Queue> {
    const directory = join(this.#settings.dataDir, 'journal', name);
    const journal = await Journal.open(directory, diskFiles);
    for (const damage of journal.damage) {
      this.#log.error(
        `The journal was damaged: ${damage}. All that could be read is kept; the rest is in ` +
          `${join(directory, 'damaged')}.`,
      );
    }
    const drain = new Drain(journal, this.#databaseUrl, this.#log, this.#drainFigures);
    const queue = { journal, drain };
    this.#queues.push(queue);
    return queue;
  }

  /** The first worker also drains the journals of workers that are no more (INGEST_WORKERS was lowered). */
  async #adoptJournals(): Promise<void> {
    if (this.#name !== workerName(1)) return;
    const current = new Set(currentNames(this.#settings));
    const names = await readdir(join(this.#settings.dataDir, 'journal'));
    for (const name of names.filter((found) => /^ingest-\d+$/.test(found))) {
      if (!current.has(name)) (await this.#openQueue(name)).drain.start();
    }
  }

  #tellGateways({ table }: Gateways): void {
    const report = table.report(performance.now());
    this.#link.send({ type: 'gateways', worker: this.#name, pid: process.pid, report });
  }

  #tellProblem(problem: string | null): void {
    if (problem === null) this.#log.listening('The journal can be written again');
    else this.#log.error(`Readings cannot be kept: ${problem}`);
  }
}

const firstReadProblem = (drains: readonly Drain[]): string | null =>
  drains.flatMap(({ state }) => state.readProblem ?? [])[0] ?? null;

const workerName = (number: number): string => `ingest-${number}`;

const currentNames = ({ ingestWorkers }: Settings): string[] =>
  Array.from({ length: ingestWorkers }, (_, index) => workerName(index + 1));

function addLedgers(a: Ledger, b: Ledger): Ledger {
  return {
    received: a.received + b.received,
    stored: a.stored + b.stored,
    duplicates: a.duplicates + b.duplicates,
    rejected: a.rejected + b.rejected,
    pending: a.pending + b.pending,
  };
}
