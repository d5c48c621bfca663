/**
 * Judges what was found in a journal: is all of it sound, is anything lost, what still waits.
 *
 * Plain functions over values. What always holds: numbers below the position are accounted for in
 * the database; a number from there to the journal's end is in a record, or was declared as never
 * used, or is lost.
 */
import type { Checkpoint } from './checkpoint.js';
import { countOf, merged, minus, type Range } from './ranges.js';
import { segmentHeaderBytes } from './segment.js';
import type { DamagedPiece, JournalSurvey, SegmentSurvey } from './survey.js';

/** Something that is not as it was written, or that a person should know of. */
export type Finding =
  /** The header cannot be read; the records can. */
  | { readonly kind: 'header'; readonly segment: string }
  /** The segment belongs to another journal; zdenergy refuses to start with it. */
  | { readonly kind: 'foreign'; readonly segment: string; readonly journal: string }
  /** Bytes within a segment are no record. */
  | { readonly kind: 'bytes'; readonly segment: string; readonly piece: DamagedPiece }
  /** Numbers in a segment go backwards. */
  | { readonly kind: 'order'; readonly segment: string; readonly number: number }
  /** Items that are not in the database cannot be read any more. */
  | { readonly kind: 'lost'; readonly range: Range }
  | { readonly kind: 'checkpoint' }
  /** The database forgot readings that it had confirmed and that the journal no longer has. */
  | { readonly kind: 'forgotten'; readonly stored: number };

/** Something to know that is no damage. */
export type Notice =
  /** A write was under way, or was cut by a crash; nobody was told that its readings are safe. */
  | { readonly kind: 'unfinished'; readonly segment: string; readonly bytes: number }
  | { readonly kind: 'checkpoint-missing' }
  /** The database is older than the checkpoint, and gets again what the journal still has. */
  | { readonly kind: 'behind'; readonly stored: number }
  /** The database has never heard of this journal. */
  | { readonly kind: 'unknown-journal' };

export interface JournalVerdict {
  readonly findings: readonly Finding[];
  readonly notices: readonly Notice[];
  /** The number of the next item to go to the database. */
  readonly position: number;
  /** The number after the last item in the segments. */
  readonly end: number;
  /** Items that can be read, whether or not they are in the database yet. */
  readonly items: number;
  /** How often numbers were declared as never used: once for each start of zdenergy. */
  readonly jumps: number;
  readonly pending: number;
  /** When the oldest pending item was written, milliseconds since 1970; null when none waits. */
  readonly pendingSinceMs: number | null;
}

/**
 * Judges a survey. `progress` is what the database said of the journal after the survey: null when it
 * does not know the journal, undefined when it could not be asked.
 */
export function judgeJournal(
  survey: JournalSurvey,
  progress: Checkpoint | null | undefined,
): JournalVerdict {
  const own = survey.segments.filter(
    ({ header }) => header === null || header.journalId === survey.journal,
  );
  const records = merged(own.flatMap((segment) => segment.records));
  const damaged = own.flatMap(({ damaged: pieces }) => pieces).filter((piece) => !piece.unfinished);
  const hidden = damaged.map(({ numbers }) => numbers).filter((numbers) => numbers !== null);
  const { jumps, oldest, end } = sequenceOf(own);
  const { position, findings, notices } = positionOf(survey, progress, oldest);
  // What a damaged record names was used, whatever the next segment knew of it.
  const unused = minus(jumps, hidden);
  const used = [{ from: position, to: end }, ...minus(hidden, [{ from: 0, to: position }])];
  const lost = minus(used, [...records, ...unused]);
  const pending = countOf(minus(records, [{ from: 0, to: position }]));
  return {
    findings: [
      ...findings,
      ...survey.segments.flatMap((segment) => segmentFindings(segment, survey.journal)),
      ...lost.map((range): Finding => ({ kind: 'lost', range })),
    ],
    notices: [...notices, ...own.flatMap(segmentNotices)],
    position,
    end,
    items: countOf(records),
    jumps: jumps.length,
    pending,
    pendingSinceMs: pending === 0 ? null : writtenAt(survey, position),
  };
}

/** Which numbers were jumped over, and where the sequence begins and ends. */
function sequenceOf(segments: readonly SegmentSurvey[]): {
  jumps: Range[];
  oldest: number;
  end: number;
} {
  const jumps: Range[] = [];
  let oldest: number | undefined;
  let end = 0;
  for (const { header, records } of segments) {
    // Without its header a segment's first record tells where it begins.
    const first = header?.first ?? records.at(0)?.from;
    if (first === undefined) continue;
    const previousEnd = header?.previousEnd ?? end;
    if (first > previousEnd) jumps.push({ from: previousEnd, to: first });
    oldest ??= previousEnd;
    end = Math.max(end, previousEnd, ...records.map(({ to }) => to));
  }
  return { jumps, oldest: oldest ?? 0, end };
}

/** Where draining goes on, and what the checkpoint and the database say that does not fit. */
function positionOf(
  { checkpoint, checkpointDamaged, segments }: JournalSurvey,
  progress: Checkpoint | null | undefined,
  oldest: number,
): { position: number; findings: Finding[]; notices: Notice[] } {
  const findings: Finding[] = checkpointDamaged ? [{ kind: 'checkpoint' }] : [];
  const notices: Notice[] = [];
  if (checkpoint === null && !checkpointDamaged && segments.length > 0) {
    notices.push({ kind: 'checkpoint-missing' });
  }
  const saved = checkpoint?.position ?? 0;
  if (progress === undefined) return { position: saved, findings, notices };
  if (progress === null) {
    if (saved > 0) notices.push({ kind: 'unknown-journal' });
    return { position: saved, findings, notices };
  }
  const { position } = progress;
  if (checkpoint === null || position >= saved) return { position, findings, notices };
  const stored = checkpoint.stored - progress.stored;
  // As the drain decides it, too.
  const isHere = segments.length > 0 && position >= oldest;
  if (isHere) notices.push({ kind: 'behind', stored });
  else findings.push({ kind: 'forgotten', stored });
  return { position: isHere ? position : saved, findings, notices };
}

function segmentFindings(segment: SegmentSurvey, journal: string | null): Finding[] {
  const { name, header, bytes, records, damaged } = segment;
  if (header !== null && journal !== null && header.journalId !== journal) {
    return [{ kind: 'foreign', segment: name, journal: header.journalId }];
  }
  const findings: Finding[] = [];
  // A crash while the segment was made leaves a header at most.
  if (header === null && bytes > segmentHeaderBytes) {
    findings.push({ kind: 'header', segment: name });
  }
  let last = header?.first ?? 0;
  for (const { from, to } of records) {
    if (from < last) findings.push({ kind: 'order', segment: name, number: from });
    last = to;
  }
  for (const piece of damaged) {
    if (!piece.unfinished) findings.push({ kind: 'bytes', segment: name, piece });
  }
  return findings;
}

function segmentNotices({ name, header, bytes, damaged }: SegmentSurvey): Notice[] {
  if (header === null && bytes <= segmentHeaderBytes) {
    return [{ kind: 'unfinished', segment: name, bytes }];
  }
  return damaged
    .filter(({ unfinished }) => unfinished)
    .map(({ from, to }) => ({ kind: 'unfinished', segment: name, bytes: to - from }));
}

/** When the item at `position` or, if it is not there, the next one was written. */
function writtenAt({ written }: JournalSurvey, position: number): number | null {
  const at = written.findLast(({ first }) => first <= position) ?? written.at(0);
  return at?.atMs ?? null;
}
