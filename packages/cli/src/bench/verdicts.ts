/**
 * The targets, and whether what was measured meets them.
 *
 * What always holds: what could not be measured meets no target.
 */
import { number, table } from './table.js';

export interface Verdict {
  readonly name: string;
  readonly bound: 'at least' | 'at most';
  readonly target: number;
  readonly measured: number;
  readonly unit: string;
  readonly met: boolean;
}

export const atMost = (name: string, target: number, measured: number, unit: string): Verdict => ({
  name,
  bound: 'at most',
  target,
  measured,
  unit,
  met: measured <= target,
});

export const atLeast = (name: string, target: number, measured: number, unit: string): Verdict => ({
  name,
  bound: 'at least',
  target,
  measured,
  unit,
  met: measured >= target,
});

const amount = (value: number, unit: string): string =>
  `${Number.isInteger(value) ? value.toLocaleString('en-US') : number(value)} ${unit}`.trim();

/** A table for people. */
export function verdictLines(verdicts: readonly Verdict[]): string[] {
  const met = verdicts.filter((verdict) => verdict.met).length;
  return [
    `TARGETS: ${met} of ${verdicts.length} met`,
    ...table([
      ['', 'target', 'measured', ''],
      ...verdicts.map(({ name, bound, target, measured, unit, met }) => [
        name,
        `${bound} ${amount(target, unit)}`,
        amount(measured, unit),
        met ? '✅' : '❌',
      ]),
    ]),
  ];
}
