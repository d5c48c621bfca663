/**
 * The journal: the queue on disk between the gateways and the database.
 *
 * It is a sequence of items (readings and rejects), numbered from 0, in records, in segments of
 * about 16 MB. What always holds:
 *
 * - `append` has returned: the batch survives kill -9 and power loss. It has failed: the batch is
 *   not in the journal, and may be appended again.
 * - A sequence number is used once, even when the disk lost the newest records: each opening jumps
 *   ahead by more than could have been lost, and the next segment's header says so.
 * - After a failed write or sync nothing is written to that file again: the page cache may hold what
 *   the disk does not, and a second sync can succeed falsely. The batch goes to a new segment.
 * - A segment is removed only when the database has committed all that was in it. Bytes that cannot
 *   be read are kept in `damaged/`, and the numbers they held are reported as lost.
 */
import { join } from 'node:path';
import { errorCode } from '@zdenergy/core';
import type { Batch } from '../batch.js';
import { writeCheckpoint, type Checkpoint } from './checkpoint.js';
import { keepAside } from './damaged.js';
import { writeFully, type Files, type FreeSpace, type JournalFile } from './files.js';
import type { JournalRecord } from './record.js';
import { isUnreadable, salvaged } from './salvage.js';
import { sealBatch } from './seal.js';
import {
  encodeSegmentHeader,
  readPart,
  segmentHeaderBytes,
  segmentName,
  type DamagedBytes,
} from './segment.js';
import { openDirectory, type Opened, type Segment } from './opening.js';

/** Small enough that space comes back soon, large enough to be rare. */
const defaultSegmentBytes = 16 * 1024 * 1024;
/** How exactly it is known how long readings wait. */
const appendTimeEveryMs = 1_000;
/** Every second one is forgotten beyond this, so that a long outage costs exactness, not memory. */
const maxAppendTimes = 4_096;

/** Numbers whose items cannot be read any more: from (inclusive) to (exclusive). */
export interface LostItems {
  readonly from: number;
  readonly to: number;
  readonly segment: string;
}

/** What comes next in the journal: the items from `from` to `end`. */
export interface JournalPart {
  readonly from: number;
  readonly end: number;
  readonly records: readonly JournalRecord[];
  readonly lost: readonly LostItems[];
  /** How many of the numbers were jumped over, and never used. */
  readonly skipped: number;
}

/** Since when the item `first` has waited, by the monotonic clock: for the disk, too. */
interface AppendTime {
  readonly first: number;
  readonly atMs: number;
}

interface Cursor {
  readonly segment: Segment;
  readonly file: JournalFile;
  offset: number;
  position: number;
}

export class Journal {
  readonly directory: string;
  readonly id: string;
  readonly #damage: string[];
  readonly #files: Files;
  readonly #segmentBytes: number;
  /** Oldest first; the last one is written to while `#active` is open. */
  readonly #segments: Segment[];
  #active: JournalFile | undefined;
  #nextNumber: number;
  #end: number;
  /** The first number of the next segment; above `#end` after opening. */
  #nextFirst: number;
  readonly #foundEnd: number;
  readonly #runStart: number;
  #checkpoint: Checkpoint;
  #checkpointSaved: Checkpoint;
  #cursor: Cursor | undefined;
  /** `read` or `release`, of which the drain calls one at a time, is under way. */
  #isWalking = false;
  /** One for each second in which something was appended, as far as that is not drained. */
  #appendTimes: AppendTime[] = [];

  private constructor(opened: Opened, files: Files, segmentBytes: number) {
    this.directory = opened.directory;
    this.id = opened.checkpoint.journal;
    this.#damage = [...opened.damage];
    this.#files = files;
    this.#segmentBytes = segmentBytes;
    this.#segments = opened.segments;
    this.#nextNumber = opened.nextNumber;
    this.#end = opened.end;
    this.#nextFirst = opened.nextFirst;
    this.#foundEnd = opened.end;
    this.#runStart = opened.nextFirst;
    this.#checkpoint = opened.checkpoint;
    this.#checkpointSaved = opened.checkpoint;
  }

  /** Opens the journal of a directory, or makes a new one. One process at a time may have it open. */
  static async open(
    directory: string,
    files: Files,
    segmentBytes = defaultSegmentBytes,
  ): Promise<Journal> {
    const journal = new Journal(await openDirectory(directory, files), files, segmentBytes);
    await journal.#dateOldest();
    return journal;
  }

  /** Learns from the disk when the oldest item was written; only a clock on the wall can tell. */
  async #dateOldest(): Promise<void> {
    const part = await this.#readOldest();
    await this.seek();
    const [record] = part?.records ?? [];
    if (record === undefined) return;
    const ageMs = Math.max(0, Date.now() - record.writtenAtMs);
    this.#appendTimes.push({ first: record.first, atMs: performance.now() - ageMs });
  }

  /** What the disk cannot read here would keep the next run from starting, and so on for ever. */
  async #readOldest(): Promise<JournalPart | null> {
    for (;;) {
      try {
        return await this.read(1, 1);
      } catch (error) {
        const segment = this.#cursor?.segment;
        if (!isUnreadable(error) || segment === undefined || segment.isBroken) throw error;
        segment.isBroken = true;
        this.#damage.push(`${segmentName(segment.number)}: the disk cannot read all of it (EIO)`);
        await this.seek();
      }
    }
  }

  /** What was found damaged at opening, in plain words; empty when nothing was. */
  get damage(): readonly string[] {
    return this.#damage;
  }

  /** The number after the last durable item. */
  get end(): number {
    return this.#end;
  }

  /** The number after the last item that earlier runs left here. */
  get foundEnd(): number {
    return this.#foundEnd;
  }

  /** The least number that this run may give to an item. */
  get runStart(): number {
    return this.#runStart;
  }

  /** The number of the oldest item that is still here. */
  get oldest(): number {
    return this.#segments[0]?.previousEnd ?? this.#end;
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** How many items are not yet in the database. */
  get pending(): number {
    let { position } = this.#checkpoint;
    let jumped = 0;
    for (const { first, previousEnd } of this.#segments) {
      if (first >= this.#end) break;
      jumped += Math.max(0, first - Math.max(previousEnd, position));
      position = Math.max(position, first);
    }
    return Math.max(0, this.#end - this.#checkpoint.position - jumped);
  }

  /** How long the oldest item has waited for the database; 0 when none does. */
  get oldestPendingMs(): number {
    const [oldest] = this.#appendTimes;
    return oldest === undefined || this.pending === 0 ? 0 : performance.now() - oldest.atMs;
  }

  freeSpace(): Promise<FreeSpace> {
    return this.#files.freeSpace(this.directory);
  }

  /**
   * Makes a batch durable. One call at a time. After a failure the same batch, unchanged, is to be
   * appended again.
   * @param sinceMs when its first item came, by the monotonic clock: a disk may take long.
   */
  async append(batch: Batch, sinceMs = performance.now()): Promise<void> {
    const file = this.#active ?? (await this.#startSegment());
    const segment = this.#segments[this.#segments.length - 1];
    const first = this.#nextFirst;
    const waitedMs = Math.floor(performance.now() - sinceMs);
    const record = sealBatch(batch, first, Date.now() - waitedMs);
    try {
      await writeFully(file, record, segment.bytes);
      await file.datasync();
    } catch (error) {
      await this.#abandonActive(segment);
      throw error;
    }
    segment.bytes += record.length;
    this.#noteAppend(first, sinceMs);
    this.#end = first + batch.count;
    this.#nextFirst = this.#end;
    if (segment.bytes >= this.#segmentBytes) {
      this.#active = undefined;
      // All of it is durable, whatever closing says.
      await file.close().catch(() => undefined);
    }
  }

  #noteAppend(first: number, atMs: number): void {
    const last = this.#appendTimes[this.#appendTimes.length - 1];
    if (this.#appendTimes.length >= maxAppendTimes) {
      this.#appendTimes = this.#appendTimes.filter((_, index) => index % 2 === 0);
    }
    if (last === undefined || atMs - last.atMs >= appendTimeEveryMs) {
      this.#appendTimes.push({ first, atMs });
    }
  }

  async #startSegment(): Promise<JournalFile> {
    const number = this.#nextNumber;
    const path = join(this.directory, segmentName(number));
    const first = this.#nextFirst;
    const file = await this.#files.create(path).catch((error: unknown) => {
      // A file of that name is somebody else's: the next try takes the next number.
      if (errorCode(error) === 'EEXIST') this.#nextNumber += 1;
      throw error;
    });
    try {
      const header = { journalId: this.id, first, previousEnd: this.#end };
      await writeFully(file, encodeSegmentHeader(header), 0);
      await file.datasync();
      await this.#files.syncDirectory(this.directory);
    } catch (error) {
      await file.close().catch(() => undefined);
      await this.#files.remove(path).catch(() => undefined);
      // Should the file outlive its removal, its name is not used again.
      this.#nextNumber += 1;
      throw error;
    }
    this.#nextNumber += 1;
    const previousEnd = this.#end;
    this.#segments.push({ number, first, previousEnd, bytes: segmentHeaderBytes, isBroken: false });
    this.#active = file;
    return file;
  }

  /**
   * Gives up the file that failed, cut back to what is durable; that the cut may fail is foreseen. One
   * that never got a record goes, for a disk that fails for hours would be filled with them; while
   * somebody walks through the segments it stays, and goes when all before it is drained.
   */
  async #abandonActive(segment: Segment): Promise<void> {
    const file = this.#active;
    this.#active = undefined;
    const isEmpty = segment.bytes === segmentHeaderBytes;
    const goes = isEmpty && !this.#isWalking && this.#cursor?.segment !== segment;
    if (goes) this.#segments.splice(this.#segments.indexOf(segment), 1);
    await file?.truncate(segment.bytes).catch(() => undefined);
    await file?.close().catch(() => undefined);
    if (!goes) return;
    await this.#files
      .remove(join(this.directory, segmentName(segment.number)))
      .catch(() => undefined);
  }

  /** Makes reading start again at the checkpoint. */
  async seek(): Promise<void> {
    await this.#cursor?.file.close();
    this.#cursor = undefined;
  }

  /**
   * The next items, at least one record and about `maxItems` or `maxBytes` at most; null when all
   * that is durable was read. One call at a time.
   */
  read(maxItems: number, maxBytes: number): Promise<JournalPart | null> {
    return this.#walk(() => this.#readOn(maxItems, maxBytes));
  }

  /** Nothing is taken out of the list of segments meanwhile. */
  async #walk<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#isWalking = true;
    try {
      return await work();
    } finally {
      this.#isWalking = false;
    }
  }

  async #readOn(maxItems: number, maxBytes: number): Promise<JournalPart | null> {
    const from = this.#cursor?.position ?? this.#checkpoint.position;
    const records: JournalRecord[] = [];
    const lost: LostItems[] = [];
    let skipped = 0;
    let position = from;
    let items = 0;
    let bytes = 0;
    while (items < maxItems && bytes < maxBytes) {
      const cursor = this.#cursor ?? (await this.#openCursorAt(position));
      if (cursor === undefined) break;
      const { segment } = cursor;
      const name = segmentName(segment.number);
      if (position < segment.previousEnd) {
        lost.push({ from: position, to: segment.previousEnd, segment: name });
        position = segment.previousEnd;
      }
      if (position < segment.first) {
        skipped += segment.first - position;
        position = segment.first;
      }
      const part = await readPart(
        cursor.file,
        cursor.offset,
        segment.bytes,
        maxItems - items,
        maxBytes - bytes,
      );
      for (const record of part.records) {
        // A record written again after a failed sync stands in two segments.
        if (record.end <= position) continue;
        if (record.first > position) {
          lost.push({ from: position, to: record.first, segment: name });
        }
        records.push(record);
        items += record.end - record.first;
        position = record.end;
      }
      // What was only passed, because it is stored already, is no part: null has to mean the end.
      if (records.length > 0) bytes += part.next - cursor.offset;
      if (this.#followed(segment, position)) await this.#keepAside(segment, part.damaged);
      cursor.offset = part.next;
      cursor.position = position;
      if (cursor.offset < segment.bytes || (await this.#leave(cursor))) continue;
      if (position < this.#end) {
        lost.push({ from: position, to: this.#end, segment: name });
        position = this.#end;
        cursor.position = position;
      }
      break;
    }
    return position === from ? null : { from, end: position, records, lost, skipped };
  }

  /** Starts reading in the segment that holds `position`; undefined when there is no segment. */
  async #openCursorAt(position: number): Promise<Cursor | undefined> {
    const index = this.#segments.findLastIndex(({ first }) => first <= position);
    const segment = this.#segments[Math.max(0, index)];
    if (segment === undefined) return undefined;
    this.#cursor = await this.#openCursor(segment, position);
    return this.#cursor;
  }

  async #openCursor(segment: Segment, position: number): Promise<Cursor> {
    const opened = await this.#files.open(join(this.directory, segmentName(segment.number)));
    const file = segment.isBroken ? salvaged(opened) : opened;
    return { segment, file, offset: segmentHeaderBytes, position };
  }

  /** Goes to the next segment; false when there is none yet. */
  async #leave(cursor: Cursor): Promise<boolean> {
    const next = this.#segments[this.#segments.indexOf(cursor.segment) + 1];
    if (next === undefined) return false;
    await cursor.file.close();
    this.#cursor = await this.#openCursor(next, cursor.position);
    return true;
  }

  /** Whether items after `position` were to be in this segment, so that unreadable bytes are a loss. */
  #followed(segment: Segment, position: number): boolean {
    const next = this.#segments[this.#segments.indexOf(segment) + 1];
    return position < (next === undefined ? this.#end : next.previousEnd);
  }

  async #keepAside(segment: Segment, damaged: readonly DamagedBytes[]): Promise<void> {
    for (const range of damaged) {
      await keepAside(this.#files, this.directory, segmentName(segment.number), range);
    }
  }

  /**
   * Notes what the database has committed, and removes the segments that are no longer needed. Call
   * it after each commit; `saveCheckpoint` decides how often the copy on disk is renewed.
   */
  release(checkpoint: Checkpoint, saveCheckpoint: boolean): Promise<void> {
    return this.#walk(() => this.#release(checkpoint, saveCheckpoint));
  }

  async #release(checkpoint: Checkpoint, saveCheckpoint: boolean): Promise<void> {
    this.#checkpoint = checkpoint;
    const { position } = checkpoint;
    const times = this.#appendTimes;
    if (position >= this.#end) times.length = 0;
    while (times.length > 1 && times[1].first <= position) times.shift();
    const drained = this.#segments.filter((_, index) => this.#isDrained(index));
    if (drained.length > 0 || saveCheckpoint) await this.#saveCheckpoint();
    // The newest segment or the checkpoint has to tell the next run which numbers were used.
    const isSaved = this.#checkpointSaved === checkpoint;
    for (const segment of drained) {
      if (!isSaved && segment === this.#segments.at(-1)) continue;
      if (this.#cursor?.segment === segment) {
        await this.#cursor.file.close();
        this.#cursor = undefined;
      }
      await this.#files.remove(join(this.directory, segmentName(segment.number)));
      this.#segments.splice(this.#segments.indexOf(segment), 1);
    }
  }

  #isDrained(index: number): boolean {
    const isLast = index === this.#segments.length - 1;
    if (isLast && this.#active !== undefined) return false;
    const end = isLast ? this.#end : this.#segments[index + 1].previousEnd;
    return end <= this.#checkpoint.position;
  }

  /**
   * Renews the checkpoint's copy on disk, if it has changed. A disk that has no room for it is no
   * reason to stop: the copy is only older then, and draining makes room.
   */
  async #saveCheckpoint(): Promise<void> {
    const current = this.#checkpoint;
    if (current === this.#checkpointSaved) return;
    try {
      await writeCheckpoint(this.#files, this.directory, current);
      this.#checkpointSaved = current;
    } catch {
      // The intake reports what is wrong with the disk.
    }
  }

  async close(): Promise<void> {
    await this.#cursor?.file.close();
    this.#cursor = undefined;
    const file = this.#active;
    this.#active = undefined;
    await file?.close();
    await this.#saveCheckpoint();
  }
}
