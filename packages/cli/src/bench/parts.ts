/** What each part of the benchmark is and gives: run.ts lists the parts, one file each. */
import type { Releases } from '@zdenergy/core';
import type { Lab } from './lab.js';
import type { PartName } from './part-names.js';
import type { Verdict } from './verdicts.js';

/** What a part has found. */
export interface Findings {
  /** All figures, for the file. */
  readonly result: object;
  /** The same for people. */
  readonly lines: readonly string[];
  readonly verdicts: readonly Verdict[];
  /** What makes the figures worth less. */
  readonly warnings: readonly string[];
}

export interface Part {
  readonly name: PartName;
  /** Why it cannot be measured from outside; undefined: it can. */
  readonly needsOwn?: string;
  measure(lab: Lab, releases: Releases): Promise<Findings>;
}
