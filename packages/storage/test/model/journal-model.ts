/**
 * The journal against a model: random appends, drains and deaths, then a look at what the database got.
 *
 * The model is two lists: what was acknowledged, and what a commit took. What must hold after any
 * run: everything acknowledged is in the database, each item once and in order; nothing is there
 * that was never appended; position = stored + rejected + skipped; and without damage to durable
 * bytes nothing is reported as lost.
 */
import { Batch } from '../../src/batch.js';
import { decodeRows } from '../../src/copy-rows.js';
import type { Checkpoint } from '../../src/journal/checkpoint.js';
import { Journal, type JournalPart } from '../../src/journal/journal.js';
import { Crash, FaultyFiles, type Faults } from './faulty-files.js';
import { Random } from './random.js';

const directory = '/journal';
const someTimeUs = Date.UTC(2025, 9, 2) * 1_000;

export interface RunOptions {
  readonly seed: number;
  readonly faults: Faults;
  /** How likely it is that a crash takes the page cache with it. */
  readonly powerLoss: number;
  /** How likely it is that durable bytes are damaged between two lives of the process. */
  readonly bitFlip: number;
}

export interface RunResult {
  readonly acknowledged: number;
  readonly stored: number;
  readonly lost: number;
  readonly flips: number;
  readonly lives: number;
}

/** One run. @throws {Error} naming the seed and what did not hold. */
export async function runModel(options: RunOptions): Promise<RunResult> {
  const run = new ModelRun(options);
  try {
    return await run.run();
  } catch (error) {
    throw new Error(`seed ${options.seed}: ${String(error)}`, { cause: error });
  }
}

class ModelRun {
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #files: FaultyFiles;
  readonly #acknowledged: string[] = [];
  readonly #appended = new Set<string>();
  readonly #stored: string[] = [];
  /** The database's own row of progress, which no crash of ours takes back. */
  #progress: Checkpoint | undefined;
  #lost = 0;
  #flips = 0;
  #lives = 0;
  #nextItem = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#files = new FaultyFiles(this.#random);
  }

  async run(): Promise<RunResult> {
    const lives = 1 + this.#random.below(4);
    for (let life = 0; life < lives; life += 1) {
      await this.#live();
      this.#files.restart(this.#random.chance(this.#options.powerLoss));
      if (this.#random.chance(this.#options.bitFlip)) this.#flipBits();
    }
    this.#files.faults = {
      ...this.#options.faults,
      crash: 0,
      full: 0,
      shortWrite: 0,
      syncFails: 0,
    };
    const journal = await this.#open();
    while (await this.#drain(journal)) this.#check();
    this.#checkComplete();
    return {
      acknowledged: this.#acknowledged.length,
      stored: this.#stored.length,
      lost: this.#lost,
      flips: this.#flips,
      lives: this.#lives,
    };
  }

  /** The process from its start to its death, or to a clean end. */
  async #live(): Promise<void> {
    this.#lives += 1;
    this.#files.faults = this.#options.faults;
    try {
      const journal = await this.#open();
      const steps = this.#random.below(25);
      for (let step = 0; step < steps; step += 1) {
        if (this.#random.chance(0.65)) await this.#append(journal);
        else await this.#drain(journal);
      }
      await journal.close();
    } catch (error) {
      if (!(error instanceof Crash) && !isInjected(error)) throw error;
    }
  }

  async #open(): Promise<Journal> {
    const journal = await Journal.open(directory, this.#files, 600);
    this.#progress ??= { ...journal.checkpoint };
    assert(this.#progress.journal === journal.id, 'the journal kept its id');
    await journal.release(this.#progress, false);
    await journal.seek();
    return journal;
  }

  async #append(journal: Journal): Promise<void> {
    const batch = new Batch();
    const items: string[] = [];
    for (let count = 1 + this.#random.below(4); count > 0; count -= 1) {
      const name = `item-${this.#nextItem++}`;
      items.push(name);
      this.#appended.add(name);
    }
    const readings = this.#random.below(items.length + 1);
    items.forEach((name, index) => {
      if (index < readings) {
        const id = Buffer.from(name);
        batch.addReading('p', id, 0, id.length, someTimeUs, 1, 2, 3, 4, null, someTimeUs);
      } else {
        batch.addRejected(someTimeUs, 'p', 'refused', name);
      }
    });
    for (;;) {
      try {
        await journal.append(batch);
        break;
      } catch (error) {
        if (!isInjected(error)) throw error;
      }
    }
    this.#acknowledged.push(...items);
  }

  /** Stores the next part in the model's database; false when there is none. */
  async #drain(journal: Journal): Promise<boolean> {
    const part = await journal.read(1 + this.#random.below(10), 100_000);
    if (part === null) return false;
    this.#commit(part);
    if (this.#progress !== undefined)
      await journal.release(this.#progress, this.#random.chance(0.3));
    return true;
  }

  #commit(part: JournalPart): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    assert(part.from === progress.position, 'reading goes on where the database is');
    const items = part.records.flatMap((record) => [
      ...decodeRows(record.readings).map(({ sensorId }) => sensorId),
      ...rejectsOf(record.rejected),
    ]);
    const lost = part.lost.reduce((sum, { from, to }) => sum + to - from, 0);
    this.#stored.push(...items);
    this.#lost += lost;
    this.#progress = {
      ...progress,
      position: part.end,
      stored: progress.stored + items.length,
      rejected: progress.rejected + lost,
      skipped: progress.skipped + part.skipped,
    };
  }

  /** Flips a bit of each of a few durable bytes. */
  #flipBits(): void {
    const segments = this.#files.segments().filter(({ length }) => length > 0);
    if (segments.length === 0) return;
    const segment = segments[this.#random.below(segments.length)];
    for (let flips = 1 + this.#random.below(3); flips > 0; flips -= 1) {
      segment[this.#random.below(segment.length)] ^= 1 << this.#random.below(8);
    }
    this.#flips += 1;
  }

  #check(): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    const { position, stored, duplicates, rejected, skipped } = progress;
    assert(position === stored + duplicates + rejected + skipped, 'every item is accounted for');
  }

  #checkComplete(): void {
    this.#check();
    const stored = new Set(this.#stored);
    assert(stored.size === this.#stored.length, 'no item was stored twice');
    assert(
      this.#stored.every((item) => this.#appended.has(item)),
      'nothing was made up',
    );
    const numbers = this.#stored.map((item) => Number(item.slice('item-'.length)));
    assert(
      numbers.every((number, index) => index === 0 || number > numbers[index - 1]),
      'items were stored in order',
    );
    const missing = this.#acknowledged.filter((item) => !stored.has(item));
    if (this.#flips === 0) {
      assert(missing.length === 0, `acknowledged items are missing: ${missing.join(' ')}`);
      // A sync that follows a failed one may succeed falsely, so that a later loss of power takes what
      // was never acknowledged.
      const mayLoseUnacknowledged = this.#options.faults.syncFails > 0;
      assert(this.#lost === 0 || mayLoseUnacknowledged, 'nothing is lost without damage');
    }
  }
}

/** The raw texts of rows made by `addRejected`: the last field of each. */
function rejectsOf(rows: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < rows.length;) {
    let end = at + 2;
    let length = 0;
    for (let field = rows.readInt16BE(at); field > 0; field -= 1) {
      length = rows.readInt32BE(end);
      end += 4 + length;
    }
    texts.push(rows.toString('utf8', end - length, end));
    at = end;
  }
  return texts;
}

const isInjected = (error: unknown): boolean =>
  error instanceof Error &&
  !(error instanceof Crash) &&
  (('code' in error && (error.code === 'ENOSPC' || error.code === 'EIO')) ||
    /took no more bytes/.test(error.message));

function assert(holds: boolean, what: string): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}
