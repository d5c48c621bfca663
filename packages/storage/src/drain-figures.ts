/**
 * What draining has measured since the process started: how long batches took, how long readings
 * were on their way, and why the database has rejected some.
 *
 * What always holds: it costs a few additions for each record, which holds all readings that came
 * together, and nothing for each reading. All readings of a record count as old as its first one, so
 * that none looks quicker than it was; they came within some tens of milliseconds.
 */
import { Histogram, type RejectKind } from '@zdenergy/core';
import { firstReceiptUs } from './copy-rows.js';
import type { JournalPart } from './journal/journal.js';
import type { Outcome } from './postgres/careful-store.js';

const batchBoundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];
/** Up to an hour: a backlog is stored late. */
const receiptToCommitBoundsSeconds = [
  0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600,
];

export class DrainFigures {
  /** Why what had been received was rejected after all. */
  readonly rejects: Record<
    Extract<RejectKind, 'conflict' | 'refused_by_database' | 'lost'>,
    number
  > = { conflict: 0, refused_by_database: 0, lost: 0 };
  readonly #batch = new Histogram(batchBoundsSeconds);
  readonly #receiptToCommit = new Histogram(receiptToCommitBoundsSeconds);

  get storing(): Record<'batch' | 'receiptToCommit', Histogram['state']> {
    return { batch: this.#batch.state, receiptToCommit: this.#receiptToCommit.state };
  }

  /**
   * The part was committed. `committedAtMs` is by the wall clock: a reading may have been received by
   * an earlier process, whose monotonic clock says nothing to this one.
   */
  stored(
    { records, lost }: JournalPart,
    { conflicts, refused }: Outcome,
    tookMs: number,
    committedAtMs: number,
  ): void {
    this.#batch.add(tookMs / 1_000);
    for (const { readings, readingCount } of records) {
      if (readingCount === 0) continue;
      const delayMs = committedAtMs - firstReceiptUs(readings) / 1_000;
      this.#receiptToCommit.add(delayMs / 1_000, readingCount);
    }
    this.rejects.conflict += conflicts;
    this.rejects.refused_by_database += refused;
    for (const { from, to } of lost) this.rejects.lost += to - from;
  }
}
