/** From starting the process to all of its parts being ready. */
import type { Releases } from '@zdenergy/core';
import type { Lab } from './lab.js';
import type { Findings, Part } from './parts.js';
import { median } from './statistics.js';
import { number, table } from './table.js';
import { atMost } from './verdicts.js';

const mostSeconds = { own: 6, outside: 3 };

export interface StartFigures {
  /** With a Postgres of its own, still to be made. */
  readonly firstMs: readonly number[];
  /** The same, to the first reading being seen committed. */
  readonly firstStoredMs: readonly number[];
  /** With a Postgres of its own that was there before. */
  readonly againMs: readonly number[];
  /** With a Postgres that runs already. */
  readonly outsideMs: readonly number[];
}

export const starting: Part = {
  name: 'start',
  needsOwn: 'what runs already is not stopped',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    const rounds = { firstMs: [0], firstStoredMs: [0], againMs: [0], outsideMs: [0] };
    for (let round = 0; round < lab.options.pairs; round += 1) {
      lab.say(`start ${round + 1} of ${lab.options.pairs}`);
      const { instance, place, firstStoredMs } = await lab.own(releases);
      rounds.firstMs[round] = instance.startMs;
      rounds.firstStoredMs[round] = firstStoredMs;
      await instance.stop();
      const again = await lab.start(releases, place);
      rounds.againMs[round] = again.startMs;
      await again.stop();
      const outside = await lab.withOutsidePostgres(releases);
      rounds.outsideMs[round] = outside.instance.startMs;
      await outside.instance.stop();
      await outside.postgres.stop();
    }
    return { result: rounds, ...describeStart(rounds) };
  },
};

/** The figures in words, and how they stand to the targets. */
export function describeStart(figures: StartFigures): Omit<Findings, 'result'> {
  const seconds = (ms: number): string => number(ms / 1_000);
  const row = (name: string, ms: readonly number[]): string[] => [
    name,
    ...ms.map(seconds),
    seconds(median(ms)),
  ];
  const { firstMs, firstStoredMs, againMs, outsideMs } = figures;
  return {
    lines: [
      'START: from starting the process to all parts being ready, seconds',
      ...table([
        ['', ...firstMs.map((_, index) => `round ${index + 1}`), 'median'],
        row('its own Postgres, made first', firstMs),
        row('… to the first reading stored', firstStoredMs),
        row('its own Postgres, there before', againMs),
        row('a Postgres that runs', outsideMs),
      ]),
    ],
    verdicts: [
      atMost('start with a database', mostSeconds.outside, median(outsideMs) / 1_000, 's'),
      atMost('start with its own, made first', mostSeconds.own, median(firstMs) / 1_000, 's'),
    ],
    warnings: [],
  };
}
