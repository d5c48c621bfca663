/** What an import says when it ends, line by line. Plain functions over values. */
import { formatDuration } from '@zdenergy/core';
import type { ImportState } from '@zdenergy/storage';
import { count, counted, harmless, instant } from '../command/text.js';
import type { ImportResult } from './importing.js';

export interface ReportContext {
  readonly name: string;
  /** Rows may have been added to the source while it was read. */
  readonly mayGrow: boolean;
  readonly isTrial: boolean;
  readonly tookMs: number;
  readonly maxRefused: number;
  /** As it was before. */
  readonly before: ImportState;
}

export const refusedOf = ({ unreadable, conflicts }: ImportResult): number =>
  unreadable + conflicts;

/** The lines of the report on one source. */
export function reportLines(result: ImportResult, context: ReportContext): string[] {
  const { name, mayGrow, isTrial, tookMs, before } = context;
  const refused = refusedOf(result);
  const rows = result.stored + result.duplicates + refused;
  if (rows === 0 && result.ended === 'end')
    return [nothingNew(name, before), ...(mayGrow ? lateRows : [])];
  const mark = refused > 0 || result.ended !== 'end' ? '⚠️' : '✅';
  const would = isTrial ? 'would be ' : '';
  const speed = count(Math.round(rows / Math.max(0.001, tookMs / 1_000)));
  return [
    `${mark} ${name}: ${counted(rows, 'row')} = ${count(result.stored)} ${would}stored + ` +
      `${counted(result.duplicates, 'duplicate')} + ${count(refused)} ${would}refused`,
    ...(Number.isFinite(result.firstUs)
      ? [`   from ${instant(result.firstUs / 1_000)} to ${instant(result.lastUs / 1_000)}`]
      : []),
    `   in ${formatDuration(tookMs)}, ${speed} rows/s`,
    ...doubts(result),
    ...refusals(result, context),
    ...endLines(result, context),
  ];
}

/** Keys are given when a row is begun, and it shows when it is committed. */
const lateRows = [
  '   Did the old server still write to it? Then rows that it committed late may be missing: once it has',
  '   stopped, run the same command with --again. What is stored already counts as duplicates.',
];

const nothingNew = (name: string, { finishedAt, position }: ImportState): string =>
  position === 0
    ? `✅ ${name}: there is no row in it`
    : `✅ ${name}: nothing new. ${counted(position, 'row')} were read before` +
      (finishedAt === null ? '' : `, until ${instant(finishedAt)}`) +
      '; --again reads them once more.';

function doubts({ repeated, skipped, future }: ImportResult): string[] {
  const lines: string[] = [];
  if (repeated > 0) {
    lines.push(
      `   ${counted(repeated, 'time is', 'times are')} in the hour that autumn repeats: the order of a ` +
        "sensor's rows tells which of the two",
    );
  }
  if (skipped > 0) {
    lines.push(
      `⚠️ ${counted(skipped, 'time is', 'times are')} in the hour that spring skips. No clock of this zone ` +
        'shows them: is --timezone right? They are read an hour later.',
    );
  }
  if (future > 0) {
    lines.push(
      `⚠️ ${counted(future, 'time', 'times')} have not come yet. Is --timezone right, and the clock?`,
    );
  }
  return lines;
}

function refusals(result: ImportResult, { isTrial, name }: ReportContext): string[] {
  const { unreadable, conflicts, examples } = result;
  const lines: string[] = [];
  if (unreadable > 0) {
    lines.push(`⚠️ ${counted(unreadable, 'row')} cannot be stored:`);
    lines.push(...examples.map((example) => `   ${harmless(example, false)}`));
    if (unreadable > examples.length) {
      lines.push(`   … and ${count(unreadable - examples.length)} more`);
    }
  }
  if (conflicts > 0) {
    lines.push(
      `⚠️ ${counted(conflicts, 'row differs', 'rows differ')} from a reading of the same sensor and time that is stored.`,
    );
  }
  if (lines.length > 0 && !isTrial) {
    lines.push(
      '   All of them are kept: npm run rejected -- list; the column "from" says where they stood',
      `   in ${harmless(name, false)}.`,
    );
  }
  return lines;
}

function endLines(
  { ended }: ImportResult,
  { maxRefused, isTrial, mayGrow }: ReportContext,
): string[] {
  switch (ended) {
    case 'end':
      if (isTrial) return ['   Nothing was changed. Leave --dry-run out to do it.'];
      return mayGrow ? lateRows : [];
    case 'stopped':
      return ['⚠️ Stopped. The same command goes on from here.'];
    case 'too many refused':
      return [
        `⚠️ Stopped, for more than ${counted(maxRefused, 'row')} were refused. Are the columns and the ` +
          'zone right? With a higher --max-refused it goes on from here.',
      ];
  }
}
