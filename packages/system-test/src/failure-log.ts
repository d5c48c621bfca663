/**
 * What the programs under test said, printed when a test fails: on a machine that is gone afterwards
 * there is nothing else to find the reason by.
 *
 * What always holds: each program is printed with its last lines only, and at most once a failure.
 */
import type { Program } from './program.js';

const lastLines = 60;

declare global {
  /** Called by the environment of the tests. */
  var onTestFailure: (() => void) | undefined;
}

const programs = new Map<Program, string>();

globalThis.onTestFailure = () => {
  for (const [program, name] of programs) {
    const said = program.lines.slice(-lastLines).join('\n');
    process.stderr.write(`\nA test failed; the last lines of ${name}:\n${said}\n\n`);
  }
};

/** Has the program printed at each failure from now on, until what it returns is called. */
export function printAtFailure(program: Program, name: string): () => void {
  programs.set(program, name);
  return () => programs.delete(program);
}
