/** What draining measures, from parts of a real journal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Batch } from '../src/batch.js';
import { DrainFigures } from '../src/drain-figures.js';
import { diskFiles } from '../src/journal/files.js';
import { Journal, type JournalPart } from '../src/journal/journal.js';

const receivedAtMs = Date.UTC(2025, 9, 2);
const nothing = { stored: 0, duplicates: 0, conflicts: 0, refused: 0 };
let directory: string;
let journal: Journal;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zdenergy-figures-'));
  journal = await Journal.open(directory, diskFiles);
});

afterEach(async () => {
  await journal.close();
  rmSync(directory, { recursive: true });
});

/** A part of records with readings received so many milliseconds after the first moment. */
async function partOf(...records: readonly (readonly number[])[]): Promise<JournalPart> {
  for (const receipts of records) {
    const batch = new Batch();
    for (const afterMs of receipts) {
      const id = Buffer.from('sensor');
      const receivedAtUs = (receivedAtMs + afterMs) * 1_000;
      const extra = afterMs % 2 === 0 ? null : Buffer.from('{"a":1}');
      batch.addReading('192.0.2.7:1', id, 0, 6, 1, 1, Number.NaN, 3, 4, extra, receivedAtUs);
    }
    if (receipts.length === 0) batch.addRejected(receivedAtMs * 1_000, '192.0.2.7:1', 'why', '{');
    await journal.append(batch);
  }
  const part = await journal.read(1_000, 1_000_000);
  if (part === null) throw new Error('the journal is empty');
  return part;
}

it('counts each reading as old as the first of its record', async () => {
  const figures = new DrainFigures();
  const part = await partOf([0, 40, 41], [1_001], []);
  figures.stored(part, { ...nothing, stored: 4 }, 30, receivedAtMs + 2_000);
  const { batch, receiptToCommit } = figures.storing;
  // Three of 2 s, and one of 0.999 s; the reject is none.
  expect(receiptToCommit.sum).toBeCloseTo(6.999);
  expect(countsByBound(receiptToCommit)).toEqual({ 1: 1, 2.5: 3 });
  expect(batch.sum).toBeCloseTo(0.03);
  expect(countsByBound(batch)).toEqual({ 0.05: 1 });
});

it('takes nothing for what a clock that was set back makes negative', async () => {
  const figures = new DrainFigures();
  figures.stored(await partOf([0]), nothing, 1, receivedAtMs - 3_600_000);
  expect(figures.storing.receiptToCommit.sum).toBe(0);
});

it('adds up why readings were rejected', async () => {
  const figures = new DrainFigures();
  const part = await partOf([0]);
  const lost = [{ from: 10, to: 13, segment: 'a' }];
  figures.stored({ ...part, lost }, { ...nothing, conflicts: 2, refused: 1 }, 1, receivedAtMs);
  figures.stored(part, { ...nothing, conflicts: 1 }, 1, receivedAtMs);
  expect(figures.rejects).toEqual({ conflict: 3, refused_by_database: 1, lost: 3 });
});

/** Those that are not 0. */
function countsByBound({ bounds, counts }: DrainFigures['storing']['batch']): object {
  return Object.fromEntries(
    counts.flatMap((count, place) => (count === 0 ? [] : [[bounds[place] ?? 'more', count]])),
  );
}
