/**
 * Points of a line in a table that several lines share: undefined where only another line has a
 * point, null where the line has a gap. Plain functions over values.
 */

type Values = ArrayLike<number | null | undefined>;

/** The points that have a gap, or the end of the line, on both sides. */
export function isolatedPoints(values: Values | undefined): number[] {
  const isolated: number[] = [];
  let run: number[] = [];
  const endRun = (): void => {
    if (run.length === 1) isolated.push(...run);
    run = [];
  };
  for (let index = 0; index < (values?.length ?? 0); index += 1) {
    const value = values?.[index];
    if (value === null) endRun();
    else if (value !== undefined && run.length < 2) run.push(index);
  }
  endRun();
  return isolated;
}

/** The line's point that is nearest to a time, within reach; undefined: there is none. */
export function nearestMeasured(
  times: ArrayLike<number>,
  values: Values | undefined,
  from: number,
  atSeconds: number,
  reachSeconds: number,
): number | undefined {
  const distance = (index: number): number => Math.abs((times[index] ?? Infinity) - atSeconds);
  const search = (start: number, step: number): number | undefined => {
    for (let index = start; index >= 0 && index < times.length; index += step) {
      if (distance(index) > reachSeconds) return undefined;
      if (typeof values?.[index] === 'number') return index;
    }
    return undefined;
  };
  const [left, right] = [search(from, -1), search(from + 1, 1)];
  if (left === undefined || right === undefined) return left ?? right;
  return distance(left) <= distance(right) ? left : right;
}
