/**
 * An import at work: rows of a source are read, judged and stored, block after block.
 *
 * What always holds: while a block is stored the next one is read, and no more than these two are in
 * memory; where reading goes on is stored together with the rows; it stops between two blocks.
 */
import { FieldRefused, z } from '@zdenergy/core';
import { ImportBatch, type ImportTarget } from '@zdenergy/storage';
import { LocalTimes } from './local-times.js';
import { importOrigin } from './origin.js';
import { RowReader, type RowRules } from './row.js';
import type { Source, SourceBlock, SourceRow } from './source.js';

/** So many refused rows are shown; all are counted. */
const maxExamples = 10;

export interface ImportOptions extends Omit<RowRules, 'localTimes'> {
  /** Of times without an offset; undefined: there are none. */
  readonly timeZone: string | undefined;
  /** More refused rows end the import: the columns or the zone may be wrong. */
  readonly maxRefused: number;
}

/** What was done with the rows that were read this time. */
export interface ImportResult {
  readonly stored: number;
  readonly duplicates: number;
  /** For what they say themselves. */
  readonly unreadable: number;
  /** Another reading of the sensor and time is stored already. */
  readonly conflicts: number;
  /** The first of the unreadable rows, with the reason. */
  readonly examples: readonly string[];
  /** Times that a change of the clocks makes doubtful. */
  readonly repeated: number;
  readonly skipped: number;
  readonly future: number;
  /** When the first and last reading was measured, microseconds since 1970; infinite when none was. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** `end`: all of the source was read. */
  readonly ended: 'end' | 'stopped' | 'too many refused';
}

const resumePoint = z.object({
  place: z.unknown(),
  repeatedHour: z.array(z.tuple([z.string(), z.number(), z.boolean(), z.number().default(0)])),
});

export interface ImportWatch {
  /** Called after each block: how much was read of all (0 to 1), and how many rows this time. */
  readonly progress: (share: number, rows: number) => void;
  readonly isStopped: () => boolean;
}

/** @throws {Error} when the source or the target fails; what was stored until then stays so. */
export async function runImport(
  source: Source,
  target: ImportTarget,
  options: ImportOptions,
  { progress, isStopped }: ImportWatch,
): Promise<ImportResult> {
  const resume = resumePoint.safeParse(target.state.resumeAt);
  const localTimes =
    options.timeZone === undefined
      ? undefined
      : new LocalTimes(options.timeZone, resume.data?.repeatedHour);
  const reader = new RowReader({ ...options, localTimes });
  const counts = { stored: 0, duplicates: 0, unreadable: 0, conflicts: 0 };
  const examples: string[] = [];
  const batches = [new ImportBatch(), new ImportBatch()] as const;
  let turn = 0;
  let ended: ImportResult['ended'] = 'end';
  /** The block that is being stored. */
  let storing: Promise<void> | undefined;

  const refuse = (batch: ImportBatch, row: SourceRow, reason: string): void => {
    batch.reject(importOrigin(source.name, row.place), reason, holdable(source.raw(row)));
    if (examples.length < maxExamples) examples.push(`${row.place}: ${reason}`);
  };
  const fill = (batch: ImportBatch, rows: readonly SourceRow[]): void => {
    batch.clear();
    reader.begin();
    for (const row of rows) {
      if ('problem' in row.fields) {
        refuse(batch, row, row.fields.problem);
        continue;
      }
      try {
        batch.add(reader.read(row.fields), importOrigin(source.name, row.place));
      } catch (error) {
        if (!(error instanceof FieldRefused)) throw error;
        refuse(batch, row, error.message);
      }
    }
  };
  const store = async (batch: ImportBatch, block: SourceBlock): Promise<void> => {
    const unreadable = batch.rows.rejectedCount;
    const outcome = await target.store(batch, {
      place: block.next,
      repeatedHour: repeatedHours.get(batch) ?? [],
    });
    counts.stored += outcome.stored;
    counts.duplicates += outcome.duplicates;
    counts.unreadable += unreadable;
    counts.conflicts += outcome.rejected - unreadable;
    progress(block.share, sum(Object.values(counts)));
  };
  const repeatedHours = new Map<ImportBatch, LocalTimes['state']>();

  try {
    for await (const block of source.blocks(resume.data?.place ?? null)) {
      const batch = batches[turn];
      turn = 1 - turn;
      fill(batch, block.rows);
      repeatedHours.set(batch, localTimes?.state ?? []);
      await storing;
      storing = undefined;
      if (counts.unreadable + counts.conflicts > options.maxRefused) ended = 'too many refused';
      else if (isStopped()) ended = 'stopped';
      if (ended !== 'end') break;
      storing = store(batch, block);
      // Awaited before the next one; until then its failure must not go unheard.
      storing.catch(() => undefined);
    }
  } finally {
    await storing;
  }
  if (ended === 'end') await target.finish();
  return {
    ...counts,
    examples,
    repeated: localTimes?.repeated ?? 0,
    skipped: localTimes?.skipped ?? 0,
    future: reader.future,
    firstUs: reader.firstUs,
    lastUs: reader.lastUs,
    ended,
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Postgres holds no NUL, nor half of a surrogate pair. */
const holdable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');
