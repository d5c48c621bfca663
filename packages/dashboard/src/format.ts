/**
 * Numbers and durations as people read them.
 *
 * Plain functions over values. What always holds: what is not known is a dash; a figure has the same
 * number of decimals whatever its value.
 */

export const unknownText = '–';

const numberFormats = new Map<number, Intl.NumberFormat>();

/** With thousands separated, and always this many decimals. */
export function formatNumber(value: number | null | undefined, decimals = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return unknownText;
  let format = numberFormats.get(decimals);
  if (format === undefined) {
    format = new Intl.NumberFormat('en', {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    numberFormats.set(decimals, format);
  }
  // A small negative number is rounded to -0, which nobody wants to read.
  return format.format(value).replace(/^-(?=[0.,]*$)/, '');
}

/** `1 sensor`, `2,000 sensors`. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

const byteUnits = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** In steps of 1000, as disks are sold: `1.2 GB`. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return unknownText;
  let step = 0;
  let value = bytes;
  // What would be rounded up to 1000 belongs to the next unit.
  while (value >= 999.5 && step < byteUnits.length - 1) {
    value /= 1_000;
    step += 1;
  }
  return `${formatNumber(value, step === 0 || value >= 99.95 ? 0 : 1)} ${byteUnits[step] ?? ''}`;
}

const durationUnits: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** The two largest units that matter: `45 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return unknownText;
  const whole = Math.max(0, Math.floor(seconds));
  const first = durationUnits.findIndex(([size]) => whole >= size);
  const [size, unit] = durationUnits[first] ?? [1, 's'];
  const count = Math.floor(whole / size);
  const next = durationUnits[first + 1];
  // Seconds beside minutes would only flicker.
  if (next === undefined || unit === 'min') return `${count} ${unit}`;
  const rest = Math.floor((whole % size) / next[0]);
  return rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${next[1]}`;
}

/** `now`, `12 s ago`, or `in 2 h` for a clock that is ahead. */
export function formatAge(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return unknownText;
  // Clocks differ by a little, and that is no news.
  if (seconds < -5) return `in ${formatDuration(-seconds)}`;
  return seconds < 1 ? 'now' : `${formatDuration(seconds)} ago`;
}
