/** Rejected readings as text for a terminal. */
import type { RejectedReading } from '@zdenergy/storage';
import { columns, counted, harmless, instant, shortened } from '../command/text.js';

const maxReasonCharacters = 60;
const leastRawCharacters = 20;
/** What stands between two columns. */
const gapCharacters = 2;

/** As many characters of a raw text as a listing can use. */
export const listedRawCharacters = 500;

/** A table in lines of at most `width` characters, if that leaves the raw text any room. */
export function listing(
  rejects: readonly RejectedReading[],
  total: number,
  width: number,
): string[] {
  if (rejects.length === 0) {
    return [total === 0 ? 'Nothing was rejected.' : 'No rejected reading has such a reason.'];
  }
  const header = ['id', 'rejected at', 'replayed at', 'from', 'reason'];
  const withoutReplays = rejects.every(({ replayedAt }) => replayedAt === null);
  const left = [
    header,
    ...rejects.map(({ id, rejectedAt, replayedAt, peer, reason }) => [
      String(id),
      instant(rejectedAt),
      replayedAt === null ? '' : instant(replayedAt),
      peer,
      shortened(harmless(reason, false), maxReasonCharacters),
    ]),
  ].map((row) => (withoutReplays ? row.filter((_, column) => column !== 2) : row));
  const leftWidth = left[0].reduce(
    (sum, _, column) =>
      sum + Math.max(...left.map((row) => [...row[column]].length)) + gapCharacters,
    0,
  );
  const rawWidth = Math.max(leastRawCharacters, width - leftWidth);
  const raws = ['raw', ...rejects.map(({ raw }) => shortened(harmless(raw, false), rawWidth))];
  const shown =
    rejects.length < total ? `the newest ${rejects.length} of ` : total === 1 ? '' : 'all ';
  return [
    ...columns(
      left.map((row, index) => [...row, raws[index]]),
      [0],
    ),
    '',
    `${shown}${counted(total, 'rejected reading')}; show ID shows one in full, replay ID sends it again`,
  ];
}

/** Everything about one. */
export function details({
  id,
  rejectedAt,
  replayedAt,
  peer,
  reason,
  raw,
}: RejectedReading): string[] {
  return [
    `rejected reading ${id}`,
    `  rejected at  ${rejectedAt.toISOString()}`,
    `  from         ${peer}`,
    `  reason       ${harmless(reason, false)}`,
    `  replayed at  ${replayedAt === null ? 'never' : replayedAt.toISOString()}`,
    '  raw:',
    harmless(raw, true),
  ];
}
