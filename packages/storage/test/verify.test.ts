import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Batch } from '../src/batch.js';
import type { Checkpoint } from '../src/journal/checkpoint.js';
import { diskFiles } from '../src/journal/files.js';
import { Journal } from '../src/journal/journal.js';
import { countOf, merged, minus } from '../src/journal/ranges.js';
import { journalEnd, listSegments, surveyJournal } from '../src/journal/survey.js';
import { judgeJournal, type JournalVerdict } from '../src/journal/verify.js';

const timeUs = Date.UTC(2025, 9, 2) * 1_000;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zdenergy-verify-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function batchOf(count: number): Batch {
  const batch = new Batch();
  const id = Buffer.from('sensor');
  for (let n = 0; n < count; n += 1) {
    batch.addReading('192.0.2.7:1234', id, 0, id.length, timeUs + n, 1, 2, 3, 4, null, timeUs);
  }
  return batch;
}

/** Appends a record of each size, as one run of zdenergy, and tells where each ends in its file. */
async function run(sizes: readonly number[], segmentBytes?: number): Promise<number[]> {
  const journal = await Journal.open(directory, diskFiles, segmentBytes);
  const ends: number[] = [];
  const before = journal.bytes;
  for (const size of sizes) {
    await journal.append(batchOf(size));
    ends.push(journal.bytes - before);
  }
  await journal.close();
  return ends;
}

const segments = (): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.segment'))
    .sort();

const segmentPath = (index: number): string => join(directory, segments().at(index) ?? '');

/** The verdict when the database has stored so many items (none of them skipped). */
async function verdict(stored?: number): Promise<JournalVerdict> {
  const survey = await surveyJournal(directory, diskFiles);
  return judgeJournal(survey, stored === undefined ? undefined : progress(survey.journal, stored));
}

const progress = (journal: string | null, stored: number): Checkpoint => ({
  journal: journal ?? '',
  position: stored,
  stored,
  duplicates: 0,
  rejected: 0,
  skipped: 0,
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] ^= 1 << (at % 8);
  writeFileSync(path, bytes);
}

describe('a sound journal', () => {
  it('has no findings, and what the database does not have is pending', async () => {
    const before = Date.now();
    await run([2, 3, 4]);
    expect(await verdict(5)).toMatchObject({
      findings: [],
      notices: [],
      position: 5,
      end: 9,
      items: 9,
      jumps: 0,
      pending: 4,
    });
    expect((await verdict(5)).pendingSinceMs).toBeGreaterThanOrEqual(before);
    expect(await verdict(9)).toMatchObject({ pending: 0, pendingSinceMs: null });
  });

  it('may jump ahead at each start', async () => {
    await run([2]);
    await run([3]);
    await run([4]);
    expect(await verdict(0)).toMatchObject({ findings: [], items: 9, jumps: 2, pending: 9 });
  });

  it('may be empty, or new', async () => {
    const journal = await Journal.open(directory, diskFiles);
    expect(await verdict()).toMatchObject({ findings: [], notices: [], items: 0, pending: 0 });
    await journal.close();
  });

  it('is looked at while it is written to and drained', async () => {
    const journal = await Journal.open(directory, diskFiles, 2_000);
    let position = 0;
    let isOver = false;
    const writing = (async () => {
      for (let n = 0; n < 150; n += 1) {
        await journal.append(batchOf(5));
        position = Math.max(0, journal.end - 20);
        await journal.release(progress(journal.id, position), n % 3 === 0);
      }
      isOver = true;
    })();
    let looks = 0;
    while (!isOver) {
      const survey = await surveyJournal(directory, diskFiles);
      // Asked after the survey, as the database is.
      expect(judgeJournal(survey, progress(journal.id, position)).findings).toEqual([]);
      expect(judgeJournal(survey, undefined).findings).toEqual([]);
      looks += 1;
    }
    await writing;
    await journal.close();
    expect(looks).toBeGreaterThan(2);
  });

  it('tells its segments and its end', async () => {
    await run([2, 3]);
    const [entry] = await listSegments(directory, diskFiles);
    expect(entry).toMatchObject({ name: segments()[0], first: 0 });
    expect(Math.abs(Date.now() - (entry.writtenAtMs ?? 0))).toBeLessThan(10_000);
    const { journal } = await surveyJournal(directory, diskFiles);
    expect(await journalEnd(directory, diskFiles)).toEqual({ journal, end: 5 });
    rmSync(segmentPath(0));
    expect(await journalEnd(directory, diskFiles)).toEqual({ journal, end: 0 });
  });
});

describe('damage', () => {
  it('is found wherever one bit has changed', async () => {
    await run([1, 1, 1]);
    const path = segmentPath(0);
    const sound = readFileSync(path);
    for (let at = 0; at < sound.length; at += 1) {
      flip(path, at);
      const { findings } = await verdict(3);
      expect({ at, found: findings.length > 0 }).toEqual({ at, found: true });
      writeFileSync(path, sound);
    }
    expect((await verdict(3)).findings).toEqual([]);
  });

  it('tells which readings are lost: those that the database does not have', async () => {
    const [first, second] = await run([2, 3, 4]);
    const segment = segments()[0];
    flip(segmentPath(0), first + 100);
    const piece = { from: first, to: second, unfinished: false, numbers: { from: 2, to: 5 } };
    const bytes = { kind: 'bytes', segment, piece };
    const lost = (from: number, to: number) => ({ kind: 'lost', range: { from, to } });
    expect(await verdict(0)).toMatchObject({ findings: [bytes, lost(2, 5)], pending: 6 });
    expect(await verdict(4)).toMatchObject({ findings: [bytes, lost(4, 5)], pending: 4 });
    expect(await verdict(5)).toMatchObject({ findings: [bytes], pending: 4 });
  });

  it('of the last record is no unfinished write, also before a later start', async () => {
    const [first] = await run([2, 3]);
    flip(segmentPath(0), first + 100);
    const lost = { kind: 'lost', range: { from: 2, to: 5 } };
    expect((await verdict(0)).findings).toContainEqual(lost);
    await run([1]);
    expect((await verdict(0)).findings).toContainEqual(lost);
    expect(await verdict(0)).toMatchObject({ pending: 3 });
  });

  it('of a header leaves the records', async () => {
    await run([2, 3]);
    await run([4]);
    flip(segmentPath(0), 20);
    flip(segmentPath(1), 30);
    const [one, two] = segments();
    expect(await verdict(1)).toMatchObject({
      findings: [
        { kind: 'header', segment: one },
        { kind: 'header', segment: two },
      ],
      pending: 8,
    });
  });

  it('is a missing segment, unless it was drained', async () => {
    await run([2, 3, 4], 100);
    rmSync(segmentPath(1));
    expect((await verdict(0)).findings).toEqual([{ kind: 'lost', range: { from: 2, to: 5 } }]);
    expect((await verdict(5)).findings).toEqual([]);
  });

  it('is a segment of another journal', async () => {
    await run([2]);
    const other = readFileSync(segmentPath(0));
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    await run([3]);
    writeFileSync(join(directory, '0000000009.segment'), other);
    expect(await verdict(0)).toMatchObject({
      findings: [{ kind: 'foreign', segment: '0000000009.segment' }],
      pending: 3,
    });
  });

  it('is a checkpoint that cannot be read; one that is missing is only told', async () => {
    await run([2]);
    writeFileSync(join(directory, 'checkpoint.json'), '{"journal":');
    expect(await verdict(1)).toMatchObject({ findings: [{ kind: 'checkpoint' }], pending: 1 });
    rmSync(join(directory, 'checkpoint.json'));
    expect(await verdict(1)).toMatchObject({
      findings: [],
      notices: [{ kind: 'checkpoint-missing' }],
    });
  });

  it('that was set aside is listed', async () => {
    await run([2]);
    mkdirSync(join(directory, 'damaged'));
    writeFileSync(join(directory, 'damaged', '0000000001.segment-40'), 'four');
    const { setAside } = await surveyJournal(directory, diskFiles);
    expect(setAside).toEqual([{ name: '0000000001.segment-40', bytes: 4 }]);
  });
});

it('a write that a crash cut at any byte is no damage', async () => {
  const [first, second] = await run([2, 3]);
  const path = segmentPath(0);
  for (let length = second - 1; length >= 0; length -= 1) {
    truncateSync(path, length);
    const { findings, notices, pending } = await verdict(0);
    const isWhole = length === 40 || length === first;
    expect({ length, findings, cut: notices.length, pending }).toEqual({
      length,
      findings: [],
      cut: isWhole ? 0 : 1,
      pending: length >= first ? 2 : 0,
    });
  }
});

describe('a database that was restored from a backup', () => {
  async function drainedTo(position: number): Promise<void> {
    const journal = await Journal.open(directory, diskFiles, 100);
    for (const size of [2, 3, 4]) await journal.append(batchOf(size));
    await journal.release(progress(journal.id, position), true);
    await journal.close();
  }

  it('gets again what is still here', async () => {
    await drainedTo(4);
    expect(await verdict(3)).toMatchObject({
      findings: [],
      notices: [{ kind: 'behind', stored: 1 }],
      position: 3,
      pending: 6,
    });
  });

  it('has forgotten what is not', async () => {
    await drainedTo(7);
    expect(await verdict(1)).toMatchObject({
      findings: [{ kind: 'forgotten', stored: 6 }],
      position: 7,
      pending: 2,
    });
  });

  it('does not know the journal at all', async () => {
    await drainedTo(4);
    const survey = await surveyJournal(directory, diskFiles);
    expect(judgeJournal(survey, null)).toMatchObject({
      findings: [],
      notices: [{ kind: 'unknown-journal' }],
      position: 4,
    });
  });
});

describe('ranges', () => {
  it('merge and are taken from each other', () => {
    const ranges = [
      { from: 5, to: 7 },
      { from: 0, to: 2 },
      { from: 2, to: 3 },
      { from: 6, to: 6 },
    ];
    expect(merged(ranges)).toEqual([
      { from: 0, to: 3 },
      { from: 5, to: 7 },
    ]);
    expect(minus([{ from: 0, to: 10 }], ranges)).toEqual([
      { from: 3, to: 5 },
      { from: 7, to: 10 },
    ]);
    expect(minus(ranges, [{ from: 1, to: 6 }])).toEqual([
      { from: 0, to: 1 },
      { from: 6, to: 7 },
    ]);
    expect(countOf(merged(ranges))).toBe(5);
  });
});
