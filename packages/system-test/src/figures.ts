/**
 * What a fault test measured, for a table at the end of the run.
 *
 * What always holds: a figure is written where it was measured, so that a test that fails later does
 * not hide it. The file is named by ZDENERGY_FIGURES; without it a figure goes to standard error.
 */
import { appendFileSync } from 'node:fs';

/** The number of a row in the table of faults, with a letter where several tests share one. */
export type Row = `${number}` | `${number}${'a' | 'b' | 'c'}`;

/** Notes what was measured. @param figure in words for people: `killed after 10.4 s, serving after 10.9 s`. */
export function figure(row: Row, fault: string, measured: string): void {
  const line = `${JSON.stringify({ row, fault, measured })}\n`;
  const file = process.env['ZDENERGY_FIGURES'];
  if (file === undefined) process.stderr.write(`figure ${line}`);
  else appendFileSync(file, line);
}

/** `10.4 s`, or `340 ms` below a second. */
export function inWords(durationMs: number): string {
  return durationMs < 1_000
    ? `${Math.round(durationMs)} ms`
    : `${(durationMs / 1_000).toFixed(1)} s`;
}

/** The value that this share of all does not exceed; Infinity when there is none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Infinity;
}
