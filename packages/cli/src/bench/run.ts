/**
 * One run: the parts that were asked for, one after the other.
 *
 * What always holds: whatever happens, what was started is stopped and what was made is removed; a
 * part that fails does not keep the others from running.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { describeError, Releases } from '@zdenergy/core';
import type { Options } from './arguments.js';
import { drain } from './drain.js';
import { ingest } from './ingest.js';
import { Lab } from './lab.js';
import { large } from './large.js';
import { losses } from './losses.js';
import { describeMachine } from './machine.js';
import { manyGateways } from './many-gateways.js';
import { neighbours } from './neighbours.js';
import type { Part } from './parts.js';
import { polling } from './polling.js';
import type { StartProgram } from './program.js';
import { readers } from './readers.js';
import type { PartReport, Report } from './report.js';
import { resent } from './resent.js';
import { starting } from './starting.js';
import { sweep } from './sweep.js';
import type { Verdict } from './verdicts.js';

const parts: readonly Part[] = [
  ingest,
  manyGateways,
  starting,
  drain,
  losses,
  polling,
  resent,
  neighbours,
  readers,
  large,
  sweep,
];

interface Collected {
  readonly parts: PartReport[];
  readonly targets: Verdict[];
  readonly warnings: string[];
  readonly skipped: { name: Part['name']; why: string }[];
  readonly failed: { name: Part['name']; problem: string }[];
}

/**
 * @param say is told what is going on, a line each.
 * @param signal begins nothing more once it is aborted; whoever aborts it releases what there is.
 */
export async function run(
  options: Options,
  startProgram: StartProgram,
  releases: Releases,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Report> {
  const date = new Date();
  const directory = await mkdtemp(join(os.tmpdir(), 'zdenergy-bench-'));
  releases.push(() => rm(directory, { recursive: true, force: true }));
  const prefix = `bench-${randomBytes(2).toString('hex')}-`;
  const nowMs = Math.floor(date.getTime() / 1_000) * 1_000;
  const lab = new Lab(options, { directory, prefix, nowMs }, startProgram, say);
  const isOutside = options.existing !== undefined;
  const collected: Collected = { parts: [], targets: [], warnings: [], skipped: [], failed: [] };
  for (const part of parts) {
    signal.throwIfAborted();
    if (!options.parts.includes(part.name)) continue;
    const why = isOutside ? reasonToSkip(part, options) : undefined;
    if (why !== undefined) collected.skipped.push({ name: part.name, why });
    else await measure(part, lab, releases, collected);
  }
  signal.throwIfAborted();
  const machine =
    lab.server === undefined
      ? null
      : await describeMachine(isOutside ? undefined : directory, lab.server);
  return { date: date.toISOString(), machine, isOutside, sensorPrefix: prefix, ...collected };
}

function reasonToSkip({ name, needsOwn }: Part, { existing }: Options): string | undefined {
  const hasNoHttp = name === 'health' && existing?.http === undefined;
  return hasNoHttp ? '--http says where its health is' : needsOwn;
}

async function measure(
  part: Part,
  lab: Lab,
  releases: Releases,
  { parts: reports, targets, warnings, failed }: Collected,
): Promise<void> {
  const own = new Releases();
  // Should the run be interrupted now.
  releases.push(() => own.release());
  const startedAtMs = performance.now();
  try {
    const { result, lines, verdicts, warnings: found } = await part.measure(lab, own);
    await own.release();
    const seconds = (performance.now() - startedAtMs) / 1_000;
    reports.push({ name: part.name, seconds, result, lines });
    targets.push(...verdicts);
    warnings.push(...found);
  } catch (error) {
    const problem = describeError(error);
    lab.say(`${part.name} failed: ${problem}`);
    failed.push({ name: part.name, problem });
    await own.release();
  }
}
