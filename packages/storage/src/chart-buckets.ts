/**
 * How wide the buckets of a chart are, and which table they are made of.
 *
 * Plain functions over values. What always holds: a range has at most as many buckets as asked for;
 * all start at multiples of their width since 1970, so that a chart that is moved shows the same ones.
 */

export type ChartSource = 'readings' | 'five_minutes' | 'hours' | 'days';

export interface ChartBuckets {
  readonly seconds: number;
  readonly source: ChartSource;
  /** The start of the first bucket and the end of the last; seconds since 1970. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Widths that a person would choose. From 5 minutes on they fit the rows of the rollups. */
const widthsSeconds = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 20, 30].map((minutes) => minutes * minute),
  ...[1, 2, 3, 4, 6, 12].map((hours) => hours * hour),
  ...[1, 2, 7, 14, 28].map((days) => days * day),
];

/** The narrowest buckets of which the range, its end left out, touches at most `most` (1 or more). */
export function chartBuckets(fromSeconds: number, toSeconds: number, most: number): ChartBuckets {
  for (const seconds of widths()) {
    const first = Math.floor(fromSeconds / seconds);
    const end = Math.max(first + 1, Math.ceil(toSeconds / seconds));
    if (end - first <= most) {
      return {
        seconds,
        source: sourceOf(seconds),
        fromSeconds: first * seconds,
        toSeconds: end * seconds,
      };
    }
  }
  throw new RangeError('Every range fits into one bucket that is wide enough.');
}

function* widths(): Generator<number> {
  yield* widthsSeconds;
  let seconds = widthsSeconds[widthsSeconds.length - 1];
  // Beyond any calendar; from the year 2015 on, a single bucket starts in 1970 at the latest.
  while (Number.isFinite(seconds)) {
    seconds *= 2;
    yield seconds;
  }
}

function sourceOf(seconds: number): ChartSource {
  if (seconds < 5 * minute) return 'readings';
  if (seconds < hour) return 'five_minutes';
  return seconds < day ? 'hours' : 'days';
}
