/**
 * Looks through a journal on disk without changing it, also while zdenergy works on it.
 *
 * What always holds: nothing is written, renamed or locked; every record is read and its checksums
 * compared; a segment that is removed meanwhile was drained, and is left out. What is found are
 * facts; verify.ts judges them.
 */
import { join } from 'node:path';
import { errorCode } from '@zdenergy/core';
import { checkpointName, readCheckpoint, type Checkpoint } from './checkpoint.js';
import { damagedDirectory } from './damaged.js';
import type { Files, JournalFile } from './files.js';
import type { Range } from './ranges.js';
import { readHeader, recordHeaderBytes, type JournalRecord } from './record.js';
import {
  readFully,
  readPart,
  readSegmentHeader,
  scanBytes,
  segmentHeaderBytes,
  segmentNumber,
  type DamagedBytes,
  type SegmentHeader,
} from './segment.js';

/** How exactly it is kept when records were written. */
const writtenEveryMs = 1_000;

/** Bytes of a segment that are no record. */
export interface DamagedPiece extends DamagedBytes {
  /** A record at the segment's end that is cut short: in the making, or cut by a crash. */
  readonly unfinished: boolean;
  /** The numbers that its header names, if that can still be read. */
  readonly numbers: Range | null;
}

export interface SegmentSurvey {
  readonly name: string;
  readonly bytes: number;
  /** Null when it cannot be read. */
  readonly header: SegmentHeader | null;
  readonly recordCount: number;
  /** The numbers of the records, in the order of the file; neighbours are one range. */
  readonly records: readonly Range[];
  readonly damaged: readonly DamagedPiece[];
}

/** When the record that starts with `first` was written, milliseconds since 1970. */
export interface WrittenAt {
  readonly first: number;
  readonly atMs: number;
}

export interface JournalSurvey {
  readonly directory: string;
  /** The journal's id; null when nothing tells it. */
  readonly journal: string | null;
  /** Null when it is missing or damaged. */
  readonly checkpoint: Checkpoint | null;
  readonly checkpointDamaged: boolean;
  /** Oldest first. */
  readonly segments: readonly SegmentSurvey[];
  /** One for each second in which something was written, as far as the checkpoint does not cover it. */
  readonly written: readonly WrittenAt[];
  /** Files in `damaged/`. */
  readonly setAside: readonly FileSize[];
}

export interface FileSize {
  readonly name: string;
  readonly bytes: number;
}

/** @throws the file system's error when the directory or a file in it cannot be read. */
export async function surveyJournal(directory: string, files: Files): Promise<JournalSurvey> {
  const covered = (await readCheckpoint(files, directory))?.position ?? 0;
  const names = (await files.list(directory)).sort();
  const segments: SegmentSurvey[] = [];
  const written: WrittenAt[] = [];
  for (const name of names.filter((found) => segmentNumber(found) !== undefined)) {
    const segment = await withFile(files, join(directory, name), (file) =>
      surveySegment(file, name, (record) => {
        if (record.end <= covered) return;
        const last = written.at(-1);
        if (last !== undefined && record.writtenAtMs - last.atMs < writtenEveryMs) return;
        written.push({ first: record.first, atMs: record.writtenAtMs });
      }),
    );
    if (segment !== undefined) segments.push(segment);
  }
  // It is renewed before a segment is removed, so this one covers what was not found any more.
  const checkpoint = (await readCheckpoint(files, directory)) ?? null;
  const headers = segments.map(({ header }) => header).filter((header) => header !== null);
  return {
    directory,
    journal: checkpoint?.journal ?? headers[0]?.journalId ?? null,
    checkpoint,
    checkpointDamaged: checkpoint === null && names.includes(checkpointName),
    segments,
    written,
    setAside: names.includes(damagedDirectory)
      ? await fileSizes(files, join(directory, damagedDirectory))
      : [],
  };
}

async function surveySegment(
  file: JournalFile,
  name: string,
  found: (record: JournalRecord) => void,
): Promise<SegmentSurvey> {
  const bytes = await file.size();
  const header = await readSegmentHeader(file);
  const records: Range[] = [];
  const damaged: DamagedPiece[] = [];
  let recordCount = 0;
  for (let offset = segmentHeaderBytes; offset < bytes;) {
    const part = await readPart(file, offset, bytes, Number.MAX_SAFE_INTEGER, scanBytes);
    for (const record of part.records) {
      found(record);
      addRange(records, { from: record.first, to: record.end });
    }
    recordCount += part.records.length;
    for (const range of part.damaged) damaged.push(await lookAtDamage(file, range, bytes));
    offset = part.next;
  }
  return { name, bytes, header, recordCount, records, damaged };
}

function addRange(ranges: Range[], range: Range): void {
  const last = ranges.at(-1);
  if (last?.to === range.from) ranges[ranges.length - 1] = { from: last.from, to: range.to };
  else ranges.push(range);
}

async function lookAtDamage(
  file: JournalFile,
  { from, to }: DamagedBytes,
  fileBytes: number,
): Promise<DamagedPiece> {
  const start = await readFully(file, from, Math.min(recordHeaderBytes, to - from));
  const header = readHeader(start, 0);
  const isCut =
    start.length < recordHeaderBytes ||
    (header !== null && from + recordHeaderBytes + header.bodyBytes > fileBytes);
  return {
    from,
    to,
    unfinished: to === fileBytes && isCut,
    numbers:
      header === null
        ? null
        : { from: header.first, to: header.first + header.readings + header.rejects },
  };
}

export interface SegmentEntry extends FileSize {
  /** The number of its first item; null when its header cannot be read. */
  readonly first: number | null;
  /** When its first record was written, milliseconds since 1970; null when that cannot be read. */
  readonly writtenAtMs: number | null;
}

/** The segments of a journal, oldest first, from the first bytes of each. */
export async function listSegments(directory: string, files: Files): Promise<SegmentEntry[]> {
  const names = (await files.list(directory)).sort();
  const entries: SegmentEntry[] = [];
  for (const name of names.filter((found) => segmentNumber(found) !== undefined)) {
    const entry = await withFile(files, join(directory, name), async (file) => {
      const header = await readSegmentHeader(file);
      const record = readHeader(await readFully(file, segmentHeaderBytes, recordHeaderBytes), 0);
      return {
        name,
        bytes: await file.size(),
        first: header?.first ?? null,
        writtenAtMs: record?.writtenAtMs ?? null,
      };
    });
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/**
 * Where a journal ends by now: the number after the newest item that is on disk. Undefined when the
 * directory holds no journal.
 */
export async function journalEnd(
  directory: string,
  files: Files,
): Promise<{ journal: string; end: number } | undefined> {
  const names = (await files.list(directory)).filter((name) => segmentNumber(name) !== undefined);
  for (const name of names.sort().reverse()) {
    const segment = await withFile(files, join(directory, name), (file) =>
      surveySegment(file, name, () => undefined),
    );
    if (!segment?.header) continue;
    const { journalId, previousEnd } = segment.header;
    const last = segment.records.at(-1);
    return { journal: journalId, end: last?.to ?? previousEnd };
  }
  const checkpoint = await readCheckpoint(files, directory);
  return checkpoint && { journal: checkpoint.journal, end: checkpoint.position };
}

async function fileSizes(files: Files, directory: string): Promise<FileSize[]> {
  const sizes: FileSize[] = [];
  for (const name of (await files.list(directory)).sort()) {
    const size = await withFile(files, join(directory, name), async (file) => ({
      name,
      bytes: await file.size(),
    }));
    if (size !== undefined) sizes.push(size);
  }
  return sizes;
}

/** Works with an open file; undefined when there is none (any more). */
async function withFile<Result>(
  files: Files,
  path: string,
  work: (file: JournalFile) => Promise<Result>,
): Promise<Result | undefined> {
  let file: JournalFile;
  try {
    file = await files.open(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
