/** What a check finds: a line for the operator, and what to do about it. */

export type Level = 'ok' | 'warning' | 'error';

export interface Finding {
  readonly level: Level;
  readonly text: string;
  /** What to do; a line each. */
  readonly todo?: readonly string[];
}

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warning = (text: string, ...todo: string[]): Finding => ({
  level: 'warning',
  text,
  todo,
});
export const failure = (text: string, ...todo: string[]): Finding => ({
  level: 'error',
  text,
  todo,
});

const ranks: readonly Level[] = ['ok', 'warning', 'error'];
export const marks: Readonly<Record<Level, string>> = { ok: '✅', warning: '⚠️', error: '❌' };

/** The worst of them; ok when there is none. */
export const worst = (findings: readonly Finding[]): Level =>
  ranks[Math.max(0, ...findings.map(({ level }) => ranks.indexOf(level)))];

const nameWidth = 12;

/** The lines of what one check found. */
export function findingLines(check: string, findings: readonly Finding[]): string[] {
  return findings.flatMap(({ level, text, todo = [] }) => [
    // The warning sign takes one column more than it says in most terminals.
    `${marks[level]} ${check.padEnd(nameWidth)}${text}`,
    ...todo.map((line) => `   ${' '.repeat(nameWidth)}→ ${line}`),
  ]);
}
