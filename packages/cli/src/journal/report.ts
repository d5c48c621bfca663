/**
 * The report of `npm run journal`, for an operator: line by line what was checked, what is wrong
 * and what to do about it.
 */
import { join } from 'node:path';
import { formatDuration } from '@zdenergy/core';
import type {
  Finding,
  JournalSurvey,
  JournalVerdict,
  Notice,
  SegmentEntry,
} from '@zdenergy/storage';
import { columns, count, counted, instant, size } from '../command/text.js';

/** Readings that wait for longer are worth a warning, as in /api/health. */
const longWaitMs = 60_000;

/** The database's answer, as far as the report needs it. */
export type DatabaseAnswer =
  | { readonly kind: 'answered' }
  /** Why it could not be asked. */
  | { readonly kind: 'away'; readonly problem: string };

/** The lines of the report on one journal. */
export function reportLines(
  survey: JournalSurvey,
  verdict: JournalVerdict,
  database: DatabaseAnswer,
  nowMs: number,
): string[] {
  return [
    survey.directory,
    ...segmentLines(survey),
    ...sequenceLines(survey, verdict),
    ...checkpointLines(survey, verdict),
    ...databaseLines(verdict, database, nowMs),
    ...setAsideLines(survey),
  ].map((line, index) => (index === 0 ? line : `  ${line}`));
}

function segmentLines(survey: JournalSurvey): string[] {
  const { segments } = survey;
  if (segments.length === 0) return ['✅ no segments: there is nothing in the journal'];
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const records = segments.reduce((sum, segment) => sum + segment.recordCount, 0);
  const damagedSegments = segments.filter(
    ({ header, damaged }) => header === null || damaged.some(({ unfinished }) => !unfinished),
  ).length;
  const sum = `${counted(segments.length, 'segment')}, ${size(bytes)}, ${counted(records, 'record')}`;
  return [
    damagedSegments === 0
      ? `✅ ${sum}: every header and every checksum agrees`
      : `❌ ${sum}: ${count(damagedSegments)} of the segments cannot be read in full`,
  ];
}

function sequenceLines(survey: JournalSurvey, verdict: JournalVerdict): string[] {
  const lines = verdict.findings.filter(({ kind }) => kind !== 'checkpoint').map(findingLine);
  const notices = verdict.notices.map(noticeLine);
  if (survey.segments.length === 0) return [...lines, ...notices];
  const isWhole = !verdict.findings.some(({ kind }) => kind === 'lost' || kind === 'order');
  const starts =
    verdict.jumps === 0 ? '' : `, with ${counted(verdict.jumps, 'declared jump')} (one a start)`;
  const sound = `✅ the sequence has no gap: ${counted(verdict.items, 'reading')} up to number ${count(verdict.end)}${starts}`;
  return [...lines, ...(isWhole ? [sound] : []), ...notices];
}

function findingLine(finding: Finding): string {
  switch (finding.kind) {
    case 'header':
      return (
        `❌ ${finding.segment}: its header cannot be read. zdenergy reads its records all the ` +
        'same. Check the disk.'
      );
    case 'foreign':
      return (
        `❌ ${finding.segment} belongs to another journal (${finding.journal}); zdenergy does not ` +
        'start with it. Move it out of the directory. DATA_DIR must not be shared or mixed.'
      );
    case 'bytes': {
      const { from, to, numbers } = finding.piece;
      const held =
        numbers === null ? '' : `; they held ${counted(numbers.to - numbers.from, 'reading')}`;
      return (
        `❌ ${finding.segment}: ${size(to - from)} at byte ${count(from)} are not what was ` +
        `written${held}. Check the disk (dmesg, smartctl).`
      );
    }
    case 'order':
      return (
        `❌ ${finding.segment}: the sequence goes back to number ${count(finding.number)}. Was a ` +
        'file restored or copied into the directory?'
      );
    case 'lost': {
      const { from, to } = finding.range;
      return (
        `❌ up to ${counted(to - from, 'reading')} that the database does not have cannot be read ` +
        `any more (numbers ${count(from)} to ${count(to - 1)}). zdenergy goes on behind them; what ` +
        'is left of their bytes it keeps in damaged/.'
      );
    }
    case 'checkpoint':
      return (
        '❌ checkpoint.json cannot be read. zdenergy writes it anew: the database knows better. ' +
        'Check the disk.'
      );
    case 'forgotten':
      return (
        `❌ the database is older than the journal: it had confirmed ${counted(finding.stored, 'reading')} ` +
        'more than it has, and the journal does not keep them. Was it restored from a backup?'
      );
  }
}

function noticeLine(notice: Notice): string {
  switch (notice.kind) {
    case 'unfinished':
      return (
        `✅ ${notice.segment}: a write of which ${size(notice.bytes)} are there is under way, or was ` +
        'cut by a crash; no gateway was told that it is safe'
      );
    case 'checkpoint-missing':
      return '⚠️ checkpoint.json is not there. zdenergy makes it when it starts.';
    case 'behind':
      return (
        `⚠️ the database is older than the journal: it gets ${counted(notice.stored, 'reading')} again ` +
        'that it had confirmed. Was it restored from a backup?'
      );
    case 'unknown-journal':
      return (
        '⚠️ the database does not know this journal. Is DATABASE_URL the one that zdenergy uses? ' +
        'If it is new, nothing is wrong: draining goes on where the checkpoint says.'
      );
  }
}

function checkpointLines({ checkpoint }: JournalSurvey, { findings }: JournalVerdict): string[] {
  if (checkpoint !== null) {
    return [`✅ checkpoint.json is sound (position ${count(checkpoint.position)})`];
  }
  return findings.filter(({ kind }) => kind === 'checkpoint').map(findingLine);
}

function databaseLines(
  { pending, pendingSinceMs, position }: JournalVerdict,
  database: DatabaseAnswer,
  nowMs: number,
): string[] {
  const waiting = (): string => {
    const wait = `${counted(pending, 'reading')} ${pending === 1 ? 'waits' : 'wait'} to be stored`;
    if (pendingSinceMs === null) return wait;
    const forMs = Math.max(0, nowMs - pendingSinceMs);
    return `${wait}, since ${instant(pendingSinceMs)} (${formatDuration(forMs)})`;
  };
  if (database.kind === 'away') {
    const since = pending === 0 ? 'nothing waits to be stored' : `up to ${waiting()}`;
    return [
      `⚠️ the database could not be asked: ${database.problem}`,
      `⚠️ going by the checkpoint, which may be a moment old, ${since}`,
    ];
  }
  if (pending === 0) return [`✅ the database has all of it (position ${count(position)})`];
  const isLong = pendingSinceMs !== null && nowMs - pendingSinceMs > longWaitMs;
  return [
    isLong
      ? `⚠️ ${waiting()}. Is zdenergy running? /api/health says why they wait.`
      : `✅ ${waiting()}`,
  ];
}

function setAsideLines({ directory, setAside }: JournalSurvey): string[] {
  if (setAside.length === 0) return ['✅ nothing was set aside in damaged/'];
  const bytes = setAside.reduce((sum, file) => sum + file.bytes, 0);
  const names = setAside.map((file) => `   ${file.name}, ${size(file.bytes)}`);
  return [
    `⚠️ ${counted(setAside.length, 'piece')} of earlier damage (${size(bytes)}) in ${join(directory, 'damaged')}:`,
    ...names.slice(0, 10),
    ...(names.length > 10 ? [`   … and ${count(names.length - 10)} more`] : []),
    '   Readings lost with it are counted as rejected (npm run rejected -- list --reason damaged).',
    '   zdenergy does not need these files. Check the disk; delete them when you have looked at them.',
  ];
}

/** A table of a journal's segments. */
export function segmentTable(
  directory: string,
  segments: readonly SegmentEntry[],
  nowMs: number,
): string[] {
  if (segments.length === 0) return [directory, '  no segments: there is nothing in the journal'];
  const rows = segments.map(({ name, bytes, first, writtenAtMs }) => [
    name,
    size(bytes),
    first === null ? 'damaged' : count(first),
    writtenAtMs === null ? '–' : instant(writtenAtMs),
    writtenAtMs === null ? '–' : formatDuration(Math.max(0, nowMs - writtenAtMs)),
  ]);
  const header = ['segment', 'size', 'first number', 'begun', 'age'];
  return [directory, ...columns([header, ...rows], [1, 2]).map((line) => `  ${line}`)];
}
