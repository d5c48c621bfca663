/**
 * The values of a chart under its cursor.
 *
 * What always holds: each line's value is the one that its dot on the screen marks.
 */
import type uPlot from 'uplot';
import { formatNumber } from './format.js';
import type { Measurement } from './measurements.js';
import { lineIndex } from './plot.js';
import { formatMoment } from './zoned-time.js';

export interface CursorValues {
  readonly atMs: number;
  /** By the order of the sensors. */
  readonly values: readonly (number | null | undefined)[];
}

/** Undefined: there is no cursor. */
export function valuesUnder(plot: uPlot, sensorCount: number): CursorValues | undefined {
  const { left = -1, idx, idxs } = plot.cursor;
  const seconds = left >= 0 && typeof idx === 'number' ? plot.data[0][idx] : undefined;
  if (seconds === undefined) return undefined;
  const values = Array.from({ length: sensorCount }, (_, sensor) => {
    const index = lineIndex(sensor, sensorCount);
    const at = idxs?.[index];
    return typeof at === 'number' ? plot.data[index]?.[at] : null;
  });
  return { atMs: seconds * 1_000, values };
}

/** For a screen reader; empty without a cursor. */
export function inWords(
  under: CursorValues | undefined,
  { decimals, unit }: Measurement,
  sensorIds: readonly string[],
  zone: string,
  nowMs: number,
): string {
  if (under === undefined) return '';
  const measured = under.values.flatMap((value, sensor) =>
    typeof value === 'number'
      ? [`${sensorIds[sensor]}: ${formatNumber(value, decimals)} ${unit}`]
      : [],
  );
  const said = measured.length === 0 ? 'No value' : measured.join(', ');
  return `${said}, at ${formatMoment(under.atMs, nowMs, zone)}`;
}
