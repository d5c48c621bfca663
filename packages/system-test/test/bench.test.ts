/** The benchmark, as short as it can be: it measures, judges, and leaves nothing behind. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Releases } from '@zdenergy/core';
import { npmRun } from '../src/npm.js';
import { Zdenergy } from '../src/zdenergy.js';

const releases = new Releases();
afterAll(() => releases.release());

interface Report {
  readonly failed: readonly unknown[];
  readonly parts: {
    readonly resent: { readonly runs: readonly { readonly unbalanced: number }[] };
    readonly drain: { readonly backlog: number; readonly drainedSeconds: number };
  };
  readonly targets: readonly { readonly name: string; readonly met: boolean }[];
}

it('measures parts of itself, and an outage, and writes the figures down', async () => {
  const zdenergy = await Zdenergy.prepare(releases);
  const temporary = join(zdenergy.directory, 'tmp');
  await mkdir(temporary);
  const file = join(zdenergy.directory, 'figures.json');
  const { code, output } = await npmRun(
    zdenergy,
    `bench --only resent,drain --readings 10000 --backlog 10000 --json ${file}`,
    { TMPDIR: temporary },
  );
  expect(output).toMatch(/^TARGETS: \d of 3 met$/m);
  expect(output).toMatch(/^readings sent again: ledger off by +at most 0 +0 +✅$/m);
  expect(code).toBe(0);
  const { failed, parts, targets } = JSON.parse(await readFile(file, 'utf8')) as Report;
  expect(failed).toEqual([]);
  expect(parts.resent.runs.map(({ unbalanced }) => unbalanced)).toEqual([0, 0, 0]);
  expect(parts.drain).toMatchObject({ backlog: 10_000 });
  expect(parts.drain.drainedSeconds).toBeGreaterThan(0);
  expect(targets).toHaveLength(3);
  // npm keeps a cache there, too.
  const left = await readdir(temporary);
  expect(left.filter((name) => name.startsWith('zdenergy'))).toEqual([]);
});
