/**
 * The drain: moves the journal into Postgres, for ever.
 *
 * What always holds: one part is being stored while the next is read; the journal's position moves
 * in the transaction that stores what it covers; whatever fails, the drain asks Postgres where it
 * stands and goes on from there. A database that is away only makes the journal longer.
 */
import type pg from 'pg';
import { describeError, formatDuration, type Ledger, type Logger } from '@zdenergy/core';
import { DrainFigures } from './drain-figures.js';
import { DrainSpeed } from './drain-speed.js';
import type { Checkpoint } from './journal/checkpoint.js';
import type { Journal, JournalPart } from './journal/journal.js';
import {
  connect,
  describeDatabaseError,
  graceMs,
  statementTimeoutMs,
  type Connection,
} from './postgres/connection.js';
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
const retryMaxMs = 1_000;
/** What a statement gets at the most, once it was found to need more than usual. */
const statementMostMs = 600_000;
/** The least share of a full part. */
const leastShare = 1 / 1_024;
/** A migration may rewrite a large table. */
const migrationTimeoutMs = 3_600_000;
/** A database that starts together with us, or restarts, is away for a moment, and no news. */
const briefMs = 3_000;
/** Storing a part takes a second at the most, unless Postgres waits for a lock, a disk or its own load. */
const slowAfterMs = 8_000;
/**
 * A gateway at full speed may have as much waiting for the database as is stored in this time. With
 * what is being stored, and the part that follows, others then wait for half a second at the most.
 */
const aheadMs = 120;
/** Enough to keep the database busy, and no more than a part. */
const leastAheadItems = 2_000;
/** How often the copy of the checkpoint on disk is renewed. */
const checkpointEveryMs = 1_000;

export interface DrainState {
  readonly connected: boolean;
  /** Why readings do not get into the database, in plain words; null while that is only brief. */
  readonly problem: string | null;
  /** Why what the journal holds cannot be read back, in plain words; null: it can. */
  readonly readProblem: string | null;
}

/** The journal's disk is at fault, not the database. */
class JournalUnreadable extends Error {
  constructor(directory: string, cause: unknown) {
    super(`the journal in ${directory} cannot be read: ${describeError(cause)}`, { cause });
    this.name = 'JournalUnreadable';
  }
}

export class Drain {
  readonly #journal: Journal;
  readonly #databaseUrl: string;
  readonly #log: Logger;
  readonly #months = new Set<number>();
  #connection: Connection | undefined;
  #state: DrainState = { connected: false, problem: null, readProblem: null };
  /**
   * A part that cannot be stored in time, over a slow link say, is tried again smaller and with more
   * time, until it can; with each success parts grow again.
   */
  #share = 1;
  #statementMs = statementTimeoutMs;
  /** Since when a new connection brings the tables up to date and asks how far the journal is. */
  #preparingSinceMs: number | undefined;
  /** Since when a part is being stored, or was until the attempt failed. */
  #storingSinceMs: number | undefined;
  #failures = 0;
  #stopping = false;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  /** Something was appended since the journal was last read. */
  #appended = false;
  #idle = false;
  /** Ends the wait that is under way. */
  #interrupt: (() => void) | undefined;
  #checkpointSavedAt = 0;
  #awaySinceMs = performance.now();
  #toldProblem: string | null = null;
  /** The database has said how far it is, so that the checkpoint is its own word. */
  #isAgreed = false;
  readonly #figures: DrainFigures;
  readonly #speed = new DrainSpeed();
  /** This run has begun to store, so that the database may be ahead of what was heard from it. */
  #hasBegun = false;

  /** @param figures where to count; several drains may share them. */
  constructor(
    journal: Journal,
    databaseUrl: string,
    log: Logger,
    figures: DrainFigures = new DrainFigures(),
  ) {
    this.#journal = journal;
    this.#databaseUrl = databaseUrl;
    this.#log = log;
    this.#figures = figures;
  }

  get state(): DrainState {
    return this.#state.problem === null
      ? { ...this.#state, problem: this.#slowProblem }
      : this.#state;
  }

  /** What takes long and has not failed yet, in plain words: with its timeout it may be long until it does. */
  get #slowProblem(): string | null {
    const now = performance.now();
    const preparingMs = now - (this.#preparingSinceMs ?? now);
    const storingMs = now - (this.#storingSinceMs ?? now);
    const tookMs = Math.max(preparingMs, storingMs);
    if (tookMs < slowAfterMs) return null;
    const what = preparingMs > storingMs ? 'preparing the tables' : 'storing readings';
    return (
      `Postgres has not finished ${what} for ${formatDuration(tookMs)}. ` +
      'Is it overloaded, or does somebody hold a lock on its tables?'
    );
  }

  /**
   * Whether so much waits for the database, with `heldItems` that are still to be written, that what
   * comes now would be stored noticeably later. While the database is away nothing is: the journal is
   * where readings are safest.
   */
  isBehind(heldItems: number): boolean {
    if (!this.#state.connected) return false;
    const aheadItems = Math.max(leastAheadItems, this.#speed.itemsWithin(aheadMs) ?? maxItems);
    return this.#journal.pending + heldItems > Math.min(maxItems, aheadItems);
  }

  /** Whether the database has confirmed the ledger since this process started. */
  get isAgreed(): boolean {
    return this.#isAgreed;
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

  /** Drains what it can until the deadline, then ends at once, whatever Postgres does. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    this.#interrupt?.();
    const cut = setTimeout(() => this.#abort.abort(), deadlineMs);
    await this.#loop;
    clearTimeout(cut);
    await this.#connection?.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#drain(await this.#connect());
      } catch (error) {
        await this.#connection?.close();
        this.#connection = undefined;
        const sinceMs = this.#storingSinceMs ?? this.#preparingSinceMs ?? performance.now();
        this.#storingSinceMs = undefined;
        this.#preparingSinceMs = undefined;
        // The next start says what is wrong, if it still is.
        if (this.#stopping) return;
        if (error instanceof ProgressMoved) {
          await this.#sleep(retryMinMs);
          continue;
        }
        if (error instanceof JournalUnreadable) this.#noteUnreadable(error.message);
        else this.#noteFailure(describeDatabaseError(error, this.#databaseUrl), sinceMs);
        await this.#sleep(Math.min(retryMinMs * 2 ** this.#failures, retryMaxMs));
        this.#failures += 1;
      }
    }
  }

  async #connect(): Promise<Connection> {
    const connection = await connect(this.#databaseUrl, 'zdenergy drain', this.#abort.signal);
    this.#connection = connection;
    this.#preparingSinceMs = performance.now();
    await connection.run(migrate, migrationTimeoutMs);
    await connection.run(async (client) => {
      await refuseOtherEncodings(client);
      await client.query(`SET statement_timeout = ${this.#statementMs}`);
      // A server that confirms a commit before it is safe would let the journal forget too soon.
      await client.query(
        `SELECT set_config('synchronous_commit', 'on', false)
          WHERE current_setting('synchronous_commit') = 'off'`,
      );
      const progress = await this.#agreedProgress(client);
      await this.#journal.release(progress, false);
      this.#isAgreed = true;
      await this.#journal.seek();
    });
    this.#preparingSinceMs = undefined;
    this.#months.clear();
    return connection;
  }

  /** Where the journal stands by the database, which may be older than the journal's own copy. */
  async #agreedProgress(client: pg.Client): Promise<Checkpoint> {
    const saved = this.#journal.checkpoint;
    const progress = await loadProgress(client, saved);
    const isOlder = progress.position < this.#journal.oldest;
    const isAhead = !this.#hasBegun && progress.position > this.#journal.foundEnd;
    if (!isOlder && !isAhead) return progress;
    this.#log.error(
      isOlder
        ? `The database is older than the journal: ${saved.stored - progress.stored} readings ` +
            'that it had confirmed are no longer in it. Was it restored from a backup?'
        : `The database is ahead of the journal in ${this.#journal.directory}. Was the directory ` +
            'restored from a backup, or copied? Readings are stored from where the journal stands.',
    );
    // What this run receives has numbers beyond all that the database knows: nothing is in the way.
    if (!isOlder && progress.position <= this.#journal.runStart) return progress;
    await moveProgress(client, progress, saved);
    return saved;
  }

  #noteSuccess(): void {
    this.#failures = 0;
    this.#toldProblem = null;
    if (this.#state.connected) return;
    this.#state = { connected: true, problem: null, readProblem: null };
    this.#log.listening(`Database connected, ${this.#journal.pending} readings to store`);
  }

  /** @param sinceMs when the attempt began: one that was given up after long was no brief trouble. */
  #noteFailure(problem: string, sinceMs: number): void {
    if (this.#state.connected) this.#awaySinceMs = sinceMs;
    const isBrief = performance.now() - this.#awaySinceMs < briefMs;
    this.#state = { connected: false, problem: isBrief ? null : problem, readProblem: null };
    if (isBrief || problem === this.#toldProblem) return;
    this.#toldProblem = problem;
    this.#log.error(`${problem} Readings are kept in the journal meanwhile.`);
  }

  #noteUnreadable(problem: string): void {
    this.#state = { connected: false, problem: null, readProblem: problem };
    if (problem === this.#toldProblem) return;
    this.#toldProblem = problem;
    this.#log.error(`${problem}. It is tried again; check the disk.`);
  }

  /** Stores part after part until the connection fails, or all is stored and it is time to stop. */
  async #drain(connection: Connection): Promise<void> {
    let progress = this.#journal.checkpoint;
    let part = await this.#read();
    while (part !== null || !this.#stopping) {
      if (part === null) {
        this.#noteSuccess();
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
      this.#noteSuccess();
      await this.#release(progress);
      if (small && !this.#stopping) {
        await pause(startedAt + smallPartSpacingMs - performance.now());
      }
      part = next === undefined ? await this.#read() : next;
    }
  }

  async #read(): Promise<JournalPart | null> {
    this.#appended = false;
    try {
      return await this.#journal.read(maxItems * this.#share, maxBytes * this.#share);
    } catch (error) {
      throw new JournalUnreadable(this.#journal.directory, error);
    }
  }

  async #store(
    connection: Connection,
    progress: Checkpoint,
    part: JournalPart,
  ): Promise<Checkpoint> {
    const startedAtMs = performance.now();
    this.#storingSinceMs = startedAtMs;
    this.#hasBegun = true;
    try {
      const stored = await connection.run(async (client) => {
        const months = new Set(part.records.flatMap((record) => record.months));
        await ensurePartitions(client, months, this.#months);
        return storePart(client, progress, part);
      }, this.#statementMs + graceMs);
      this.#storingSinceMs = undefined;
      const tookMs = performance.now() - startedAtMs;
      this.#speed.note(part.end - part.from - part.skipped, tookMs);
      this.#figures.stored(part, stored.outcome, tookMs, Date.now());
      const isFull = this.#share === 1;
      this.#share = Math.min(1, this.#share * 2);
      if (isFull && tookMs < statementTimeoutMs / 2) {
        await this.#useStatementTime(connection, statementTimeoutMs);
      }
      return stored.progress;
    } catch (error) {
      this.#share = Math.max(leastShare, this.#share / 4);
      this.#statementMs = Math.min(statementMostMs, this.#statementMs * 2);
      throw error;
    }
  }

  /** What was slow is quick again: a server that freezes is to be noticed as soon as ever. */
  async #useStatementTime(connection: Connection, statementMs: number): Promise<void> {
    if (this.#statementMs === statementMs) return;
    this.#statementMs = statementMs;
    await connection.run((client) => client.query(`SET statement_timeout = ${statementMs}`));
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

/** Sensors' names are in every script; a database that cannot hold them would refuse them for ever. */
async function refuseOtherEncodings(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>('SHOW server_encoding');
  const encoding = rows[0]?.server_encoding;
  if (encoding === 'UTF8') return;
  throw new Error(
    `the database's encoding is ${encoding}; zdenergy needs one with ENCODING 'UTF8'`,
  );
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
