/**
 * Where a key takes the cursor of a chart, and which span a zoom shows. Plain functions over values.
 *
 * What always holds: a step lands on a point of a line; a zoom in leaves the cursor where it is on the
 * screen; a zoom out goes beyond neither the whole range nor what is shown already.
 */
import type { Bounds } from './time-range.js';
import { minZoomMs } from './view-url.js';

export type Direction = -1 | 1;

const zoomFactor = 2;
/** A zoom out to so much of the whole is a reset: times in the address are rounded. */
const nearlyWhole = 0.99;

/** The times, from one to another, at which any of the lines has a point. */
export function measuredTimes(
  times: ArrayLike<number>,
  lines: readonly (ArrayLike<number | null | undefined> | undefined)[],
  fromSeconds: number,
  toSeconds: number,
): number[] {
  return Array.from(times).filter(
    (seconds, index) =>
      seconds >= fromSeconds &&
      seconds <= toSeconds &&
      lines.some((values) => typeof values?.[index] === 'number'),
  );
}

/**
 * The last of the times within reach of the cursor, at least the next; without a cursor, from the end
 * that one comes from. Undefined: there are no times.
 */
export function timeAfterStep(
  times: readonly number[],
  atSeconds: number | undefined,
  direction: Direction,
  reachSeconds: number,
): number | undefined {
  const ordered = direction > 0 ? times : [...times].reverse();
  const ahead = ordered.filter(
    (seconds) => atSeconds === undefined || (seconds - atSeconds) * direction > 0,
  );
  const from = atSeconds ?? ahead[0] ?? 0;
  const within = ahead.filter((seconds) => Math.abs(seconds - from) <= reachSeconds);
  return within.at(-1) ?? ahead[0] ?? ordered.at(-1);
}

/** Half of what is shown, around a time; undefined: that would be too little. */
export function zoomedIn(shown: Bounds, atMs: number): Bounds | undefined {
  const narrow = scaled(shown, atMs, 1 / zoomFactor);
  return lengthOf(narrow) < minZoomMs ? undefined : narrow;
}

/** Twice what is shown, around a time as far as the whole range allows; undefined: the whole range. */
export function zoomedOut(shown: Bounds, whole: Bounds, atMs: number): Bounds | undefined {
  const wide = scaled(shown, atMs, zoomFactor);
  if (lengthOf(wide) > nearlyWhole * lengthOf(whole)) return undefined;
  // A window moves on, and what was zoomed in may lie before it by now.
  const fromMs = Math.min(whole.fromMs, shown.fromMs);
  const toMs = Math.max(whole.toMs, shown.toMs);
  const shiftMs = Math.max(0, fromMs - wide.fromMs) + Math.min(0, toMs - wide.toMs);
  return { fromMs: wide.fromMs + shiftMs, toMs: wide.toMs + shiftMs };
}

const lengthOf = ({ fromMs, toMs }: Bounds): number => toMs - fromMs;

const scaled = ({ fromMs, toMs }: Bounds, atMs: number, factor: number): Bounds => ({
  fromMs: atMs - (atMs - fromMs) * factor,
  toMs: atMs + (toMs - atMs) * factor,
});
