/**
 * Ranges of sequence numbers, from (inclusive) to (exclusive).
 *
 * What always holds: a list that a function here returns is in ascending order, and its ranges
 * neither touch nor overlap.
 */

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The same numbers in as few ranges as possible. */
export function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    if (range.from >= range.to) continue;
    const last = result.at(-1);
    if (last === undefined || range.from > last.to) result.push(range);
    else result[result.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
  }
  return result;
}

/** The numbers of `ranges` that are not in `without`. */
export function minus(ranges: readonly Range[], without: readonly Range[]): Range[] {
  const holes = merged(without);
  const result: Range[] = [];
  let hole = 0;
  for (const { from, to } of merged(ranges)) {
    let at = from;
    while (hole < holes.length && holes[hole].to <= at) hole += 1;
    for (let next = hole; next < holes.length && holes[next].from < to; next += 1) {
      if (holes[next].from > at) result.push({ from: at, to: holes[next].from });
      at = holes[next].to;
    }
    if (at < to) result.push({ from: at, to });
  }
  return result;
}

/** How many numbers there are in ranges that do not overlap. */
export const countOf = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, { from, to }) => sum + to - from, 0);
