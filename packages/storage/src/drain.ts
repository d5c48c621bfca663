/**
 * The drain: moves the journal into Postgres, for ever.
 *
 * What always holds: one part is being stored while the next is read; the journal's position moves
 * in the transaction that stores what it covers; whatever fails, the drain asks Postgres where it
 * stands and goes on from there. A database that is away only makes the journal longer.
 */
import type pg from 'pg';
import type { Ledger, Logger } from '@zdenergy/core';
import type { Checkpoint } from './journal/checkpoint.js';
import type { Journal, JournalPart } from './journal/journal.js';
import { connect, describeDatabaseError, type Connection } from './postgres/connection.js';
import { migrate } from './postgres/migrate.js';
import { ensurePartitions } from './postgres/partitions.js';
import { loadProgress, moveProgress, ProgressMoved } from './postgres/progress.js';
import { storePart } from './postgres/store.js';

/** Tens of thousands when behind: beyond, a batch only takes longer. */
const maxItems = 20_000;
const maxBytes = 4 * 1024 * 1024;
/** After a smaller part the next one waits for company: a thousand gateways need no thousand commits. */
const smallPartItems = 1_000;
/** The least time from one small part to the next; well below the delay that a reader notices. */
const smallPartSpacingMs = 40;
/** Doubling; the longest wait is short, so that a backlog starts to drain at once. */
const retryMinMs = 500;
const retryMaxMs = 2_000;
/** A migration may rewrite a large table. */
const migrationTimeoutMs = 3_600_000;
/** A database that starts together with us, or restarts, is away for a moment, and no news. */
const briefMs = 3_000;
/** How often the copy of the checkpoint on disk is renewed. */
const checkpointEveryMs = 1_000;

export interface DrainState {
  readonly connected: boolean;
  /** Why readings do not get into the database, in plain words; null before the first attempt failed. */
  readonly problem: string | null;
}

export class Drain {
  readonly #journal: Journal;
  readonly #databaseUrl: string;
  readonly #log: Logger;
  readonly #months = new Set<number>();
  #connection: Connection | undefined;
  #state: DrainState = { connected: false, problem: null };
  #stopping = false;
  #loop: Promise<void> | undefined;
  /** Something was appended since the journal was last read. */
  #appended = false;
  #idle = false;
  /** Ends the wait that is under way. */
  #interrupt: (() => void) | undefined;
  #checkpointSavedAt = 0;
  #awaySinceMs = performance.now();
  #toldProblem: string | null = null;

  constructor(journal: Journal, databaseUrl: string, log: Logger) {
    this.#journal = journal;
    this.#databaseUrl = databaseUrl;
    this.#log = log;
  }

  get state(): DrainState {
    return this.#state;
  }

  /** What became of everything that this journal received. */
  get ledger(): Ledger {
    const { stored, duplicates, rejected } = this.#journal.checkpoint;
    const { pending } = this.#journal;
    return {
      received: stored + duplicates + rejected + pending,
      stored,
      duplicates,
      rejected,
      pending,
    };
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Something was appended to the journal. */
  wake(): void {
    this.#appended = true;
    if (this.#idle) this.#interrupt?.();
  }

  /** Drains what it can until the deadline, then ends. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    this.#interrupt?.();
    const cut = setTimeout(() => void this.#connection?.close(), deadlineMs);
    await this.#loop;
    clearTimeout(cut);
    await this.#connection?.close();
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping;) {
      try {
        const connection = await this.#connect();
        failures = 0;
        await this.#drain(connection);
      } catch (error) {
        await this.#connection?.close();
        this.#connection = undefined;
        if (error instanceof ProgressMoved) continue;
        this.#noteFailure(describeDatabaseError(error, this.#databaseUrl));
        await this.#sleep(Math.min(retryMinMs * 2 ** failures, retryMaxMs));
        failures += 1;
      }
    }
  }

  async #connect(): Promise<Connection> {
    const connection = await connect(this.#databaseUrl, 'zdenergy drain');
    this.#connection = connection;
    await connection.run(migrate, migrationTimeoutMs);
    await connection.run(async (client) => {
      // A server that confirms a commit before it is safe would let the journal forget too soon.
      await client.query(
        `SELECT set_config('synchronous_commit', 'on', false)
          WHERE current_setting('synchronous_commit') = 'off'`,
      );
      const progress = await this.#agreedProgress(client);
      await this.#journal.release(progress, false);
      await this.#journal.seek();
    });
    this.#months.clear();
    this.#state = { connected: true, problem: null };
    this.#toldProblem = null;
    this.#log.listening(`Database connected, ${this.#journal.pending} readings to store`);
    return connection;
  }

  /** Where the journal stands by the database, which may be older than the journal's own copy. */
  async #agreedProgress(client: pg.Client): Promise<Checkpoint> {
    const saved = this.#journal.checkpoint;
    const progress = await loadProgress(client, saved);
    if (progress.position >= this.#journal.oldest) return progress;
    this.#log.error(
      `The database is older than the journal: ${saved.stored - progress.stored} readings ` +
        'that it had confirmed are no longer in it. Was it restored from a backup?',
    );
    await moveProgress(client, progress, saved);
    return saved;
  }

  #noteFailure(problem: string): void {
    if (this.#state.connected) this.#awaySinceMs = performance.now();
    this.#state = { connected: false, problem };
    const isBrief = performance.now() - this.#awaySinceMs < briefMs;
    if (isBrief || problem === this.#toldProblem) return;
    this.#toldProblem = problem;
    this.#log.error(`${problem} Readings are kept in the journal meanwhile.`);
  }

  /** Stores part after part until the connection fails, or all is stored and it is time to stop. */
  async #drain(connection: Connection): Promise<void> {
    let progress = this.#journal.checkpoint;
    let part = await this.#read();
    while (part !== null || !this.#stopping) {
      if (part === null) {
        await this.#release(progress);
        this.#idle = true;
        if (!this.#appended && !this.#stopping) await this.#sleep(checkpointEveryMs);
        this.#idle = false;
        part = await this.#read();
        continue;
      }
      const startedAt = performance.now();
      const small = part.end - part.from < smallPartItems;
      const storing = this.#store(connection, progress, part);
      const [stored, next] = await bothSettled(storing, small ? undefined : this.#read());
      progress = stored;
      await this.#release(progress);
      if (small && !this.#stopping) {
        await pause(startedAt + smallPartSpacingMs - performance.now());
      }
      part = next === undefined ? await this.#read() : next;
    }
  }

  #read(): Promise<JournalPart | null> {
    this.#appended = false;
    return this.#journal.read(maxItems, maxBytes);
  }

  #store(connection: Connection, progress: Checkpoint, part: JournalPart): Promise<Checkpoint> {
    return connection.run(async (client) => {
      const months = new Set(part.records.flatMap((record) => record.months));
      await ensurePartitions(client, months, this.#months);
      return storePart(client, progress, part);
    });
  }

  async #release(progress: Checkpoint): Promise<void> {
    const now = performance.now();
    const save = now - this.#checkpointSavedAt >= checkpointEveryMs;
    if (save) this.#checkpointSavedAt = now;
    await this.#journal.release(progress, save);
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#interrupt = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#interrupt = undefined;
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/** Waits for both, whatever becomes of them, before an error goes on: neither may run unattended. */
async function bothSettled<A, B>(
  a: Promise<A>,
  b: Promise<B> | undefined,
): Promise<[A, B | undefined]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}
