/**
 * Opens a journal's directory: finds its segments, what of them can be read, and where to go on.
 *
 * What always holds: opening changes nothing that can be read; damage is told, not hidden, and a block
 * that the disk cannot read keeps nobody from going on; what an earlier run wrote but did not live to
 * sync is synced before anything is built on it.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { emptyCheckpoint, readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.js';
import { keepAside, setAside } from './damaged.js';
import type { Files, JournalFile } from './files.js';
import { readHeader, recordHeaderBytes } from './record.js';
import { salvaged } from './salvage.js';
import {
  readFully,
  readPart,
  readSegmentHeader,
  scanBytes,
  segmentHeaderBytes,
  segmentName,
  segmentNumber,
  type DamagedBytes,
} from './segment.js';

/**
 * How far an opening jumps ahead at the least: more items than fit into several segments; and at
 * the most: by chance, so that even a disk that lost every trace of an earlier run does not make
 * two runs use the same numbers. 2 ** 53 numbers last for millions of openings.
 */
const jumpLeast = 2 ** 24;
const jumpMost = 2 ** 32;
/** A segment of the journal, as it is kept in memory. */
export interface Segment {
  readonly number: number;
  readonly first: number;
  readonly previousEnd: number;
  /** Bytes known to be durable, or the file's length for a segment of an earlier run. */
  bytes: number;
  /** The disk cannot read all of it: what it can is to be salvaged. */
  isBroken: boolean;
}

/** A journal as it was found on disk. */
export interface Opened {
  readonly directory: string;
  readonly checkpoint: Checkpoint;
  readonly segments: Segment[];
  readonly nextNumber: number;
  readonly end: number;
  readonly nextFirst: number;
  readonly damage: readonly string[];
}

/**
 * Reads what is in a journal's directory, and makes the directory if there is none.
 * @throws {Error} when segments of two journals are mixed, or the directory cannot be read.
 */
export async function openDirectory(directory: string, files: Files): Promise<Opened> {
  await files.makeDirectory(directory);
  // What an earlier run renamed but did not live to sync is built on from here.
  await files.syncDirectory(directory);
  const damage: string[] = [];
  const saved = await readCheckpoint(files, directory);
  const numbers = (await files.list(directory))
    .map(segmentNumber)
    .filter((number) => number !== undefined)
    .sort((a, b) => a - b);
  let id = saved?.journal;
  const segments: Segment[] = [];
  for (const number of numbers) {
    const previous = segments.at(-1);
    const opened = await openSegment(files, directory, number, previous, damage);
    if (opened === undefined) continue;
    opened.journalId ??= id;
    if (id !== undefined && id !== opened.journalId) {
      throw new Error(
        `${join(directory, segmentName(number))} belongs to another journal. ` +
          'Move it out of the directory; DATA_DIR must not be shared or mixed.',
      );
    }
    id = opened.journalId;
    segments.push(opened);
  }
  const isNew = saved === undefined && numbers.length === 0;
  const firsts = segments.map(({ first }) => first);
  const checkpoint = saved ?? emptyCheckpoint(id ?? randomUUID());
  if (saved === undefined) await writeCheckpoint(files, directory, checkpoint);
  const end = Math.max(await endOfRecords(files, directory, segments, damage), checkpoint.position);
  return {
    directory,
    checkpoint,
    segments,
    nextNumber: (numbers.at(-1) ?? 0) + 1,
    end,
    nextFirst: isNew ? 0 : Math.max(end, ...firsts) + randomInt(jumpLeast, jumpMost),
    damage,
  };
}

/** A segment of an earlier run; undefined when nothing of it can be read. */
async function openSegment(
  files: Files,
  directory: string,
  number: number,
  previous: Segment | undefined,
  damage: string[],
): Promise<(Segment & { journalId?: string | undefined }) | undefined> {
  const name = segmentName(number);
  const path = join(directory, name);
  const file = salvaged(await files.open(path));
  try {
    const bytes = await file.size();
    const header = await readSegmentHeader(file);
    if (header !== null) return { number, bytes, isBroken: false, ...header };
    const { records } = await readPart(file, segmentHeaderBytes, bytes, 1, scanBytes);
    if (records.length === 0) {
      // A crash while the segment was made leaves a header at most, and nothing to lose.
      if (bytes > segmentHeaderBytes) {
        damage.push(`${name}: nothing of it can be read`);
        await setAside(files, directory, name);
      } else {
        await files.remove(path);
      }
      return undefined;
    }
    damage.push(`${name}: its header cannot be read; its records can`);
    const previousEnd =
      previous === undefined ? 0 : await endOfReadable(files, directory, previous);
    // Nobody can tell which numbers were jumped over; but no jump is so short.
    const isJump = records[0].first - previousEnd >= jumpLeast;
    const first = isJump ? records[0].first : previousEnd;
    return { number, bytes, isBroken: file.isBroken, first, previousEnd };
  } finally {
    await file.close();
  }
}

async function endOfReadable(files: Files, directory: string, segment: Segment): Promise<number> {
  const file = salvaged(await files.open(join(directory, segmentName(segment.number))));
  try {
    const end = await scanSegment(file, segment.bytes, () => Promise.resolve());
    return end ?? segment.first;
  } finally {
    await file.close();
  }
}

/**
 * The number after the last item that can be read. What an earlier run wrote but did not live to
 * sync is synced now, before anything is built on it. Segments at the end that hold nothing go.
 */
async function endOfRecords(
  files: Files,
  directory: string,
  segments: Segment[],
  damage: string[],
): Promise<number> {
  for (let last = segments.at(-1); last !== undefined; last = segments.at(-1)) {
    const path = join(directory, segmentName(last.number));
    const file = salvaged(await files.open(path));
    try {
      await file.datasync();
      const end = await scanSegment(file, last.bytes, async (range) => {
        damage.push(`${path}: ${range.to - range.from} bytes at ${range.from} are no record`);
        await keepAside(files, directory, segmentName(last.number), range);
      });
      last.isBroken ||= file.isBroken;
      if (end !== undefined) return end;
    } finally {
      await file.close();
    }
    segments.pop();
    await files.remove(path);
  }
  return 0;
}

/** The number after the segment's last item; undefined when there is none. */
async function scanSegment(
  file: JournalFile,
  bytes: number,
  damaged: (range: DamagedBytes) => Promise<void>,
): Promise<number | undefined> {
  let end: number | undefined;
  for (let offset = segmentHeaderBytes; offset < bytes;) {
    const part = await readPart(file, offset, bytes, Number.MAX_SAFE_INTEGER, scanBytes);
    for (const record of part.records) end = Math.max(end ?? 0, record.end);
    for (const range of part.damaged) {
      await damaged(range);
      const damagedEnd = await endOfDamaged(file, range);
      if (damagedEnd > 0) end = Math.max(end ?? 0, damagedEnd);
    }
    offset = part.next;
  }
  return end;
}

/**
 * The number after the items of a record that is all there but damaged: they were received, and
 * count as lost. A record that is cut short was being written when the process died, and counts as
 * nothing: 0.
 */
async function endOfDamaged(file: JournalFile, { from, to }: DamagedBytes): Promise<number> {
  const header = readHeader(await readFully(file, from, recordHeaderBytes), 0);
  const isWhole = header !== null && to - from >= recordHeaderBytes + header.bodyBytes;
  return isWhole ? header.first + header.readings + header.rejects : 0;
}
