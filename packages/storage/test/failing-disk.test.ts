/**
 * A journal on a disk that is slow, that takes no writes for long, or that cannot read a block any
 * more: on real files, with the failing call put in the place of the disk's own.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Batch } from '../src/batch.js';
import { decodeRows } from '../src/copy-rows.js';
import { Intake } from '../src/intake.js';
import { diskFiles, type Files, type JournalFile } from '../src/journal/files.js';
import { Journal } from '../src/journal/journal.js';

const timeUs = Date.UTC(2025, 9, 2) * 1_000;
const segmentBytes = 20_000;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zdenergy-disk-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function add(batch: Batch, name: string): Batch {
  const id = Buffer.from(name);
  batch.addReading('192.0.2.7:1234', id, 0, id.length, timeUs, 1, 2, 3, 4, null, timeUs);
  return batch;
}

const batchOf = (name: string): Batch => add(new Batch(), name);

const segments = (): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.segment'))
    .sort();

/** The same files, but for what is changed of each that is made or opened. */
function changed(change: (file: JournalFile, path: string) => Partial<JournalFile>): Files {
  const withChange = (file: JournalFile, path: string): JournalFile => ({
    ...file,
    ...change(file, path),
  });
  return {
    ...diskFiles,
    create: async (path) => withChange(await diskFiles.create(path), path),
    open: async (path) => withChange(await diskFiles.open(path), path),
  };
}

const failing = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));

/** What can be read, and how many items are reported as lost. */
async function readAll(journal: Journal): Promise<{ names: string[]; lost: number }> {
  const names: string[] = [];
  let lost = 0;
  for (;;) {
    const part = await journal.read(1_000, 1_000_000);
    if (part === null) return { names, lost };
    for (const record of part.records) {
      names.push(...decodeRows(record.readings).map(({ sensorId }) => sensorId));
    }
    for (const range of part.lost) lost += range.to - range.from;
  }
}

it('counts the time that readings waited for a slow disk as waiting for the database', async () => {
  const slowMs = 700;
  const files = changed((file) => ({
    datasync: async () => {
      await sleep(slowMs);
      await file.datasync();
    },
  }));
  const journal = await Journal.open(directory, files);
  const durable = new Promise<void>((resolve) => {
    const intake = new Intake(journal, 0, {
      durable: () => resolve(),
      blocked: () => undefined,
      problem: () => undefined,
    });
    add(intake.batch, 'a');
    intake.commit();
  });
  await durable;
  expect(journal.oldestPendingMs).toBeGreaterThanOrEqual(slowMs);
  await journal.close();
  // The next run, which knows only what the disk says, knows it too.
  const again = await Journal.open(directory, diskFiles);
  expect(again.oldestPendingMs).toBeGreaterThanOrEqual(slowMs);
  await again.close();
});

it('leaves no heap of empty segments while every write fails', async () => {
  let isFailing = true;
  const journal = await Journal.open(
    directory,
    changed((file, path) => ({
      write: (bytes, position) =>
        isFailing && path.endsWith('.segment') && position > 0
          ? failing()
          : file.write(bytes, position),
    })),
  );
  for (let n = 0; n < 20; n += 1) {
    await expect(journal.append(batchOf('a'))).rejects.toThrow('EIO');
  }
  expect(segments()).toEqual([]);
  expect(journal.bytes).toBe(0);
  isFailing = false;
  await journal.append(batchOf('a'));
  await journal.append(batchOf('b'));
  expect(segments()).toHaveLength(1);
  expect(await readAll(journal)).toEqual({ names: ['a', 'b'], lost: 0 });
  // One that a reader is at stays until it is drained.
  isFailing = true;
  await expect(journal.append(batchOf('c'))).rejects.toThrow('EIO');
  isFailing = false;
  await journal.append(batchOf('c'));
  expect(await readAll(journal)).toEqual({ names: ['c'], lost: 0 });
  await journal.close();
});

describe('a block that the disk cannot read', () => {
  const count = 360;
  const blockBytes = 4_096;
  const names = Array.from({ length: count }, (_, n) => `sensor-${n}`);

  /** Several segments; gives how many. */
  async function fill(): Promise<number> {
    const journal = await Journal.open(directory, diskFiles, segmentBytes);
    for (const name of names) await journal.append(batchOf(name));
    await journal.close();
    expect(segments().length).toBeGreaterThan(2);
    return segments().length;
  }

  /** Fails to read the block of that number in that segment. */
  const unreadable = (index: number, block: number): Files => {
    const name = segments()[index];
    const [from, to] = [block * blockBytes, (block + 1) * blockBytes];
    return changed((file, path) => ({
      read: (into, position) =>
        path.endsWith(name) && position < to && position + into.length > from
          ? failing()
          : file.read(into, position),
    }));
  };

  it.each([
    ['the header of the first segment', 0, 0],
    ['the middle of the first segment', 0, 2],
    ['the header of a later segment', 1, 0],
    ['the header of the last segment', -1, 0],
    ['the middle of the last segment', -1, 1],
  ])('keeps nobody from going on: %s', async (_what, segment, block) => {
    const index = segment < 0 ? (await fill()) + segment : segment;
    if (segment >= 0) await fill();
    const files = unreadable(index, block);
    const journal = await Journal.open(directory, files, segmentBytes);
    expect(journal.damage.join()).toContain(segments()[index]);
    await journal.append(batchOf('new'));
    const { names: read, lost } = await readAll(journal);
    expect(read.at(-1)).toBe('new');
    expect(names).toEqual(expect.arrayContaining(read.slice(0, -1)));
    // All others are there, and what is not is told.
    expect(read.length - 1 + lost).toBe(count);
    expect(lost).toBeGreaterThan(10);
    expect(lost).toBeLessThan(60);
    await journal.close();
  });
});
