/** Quiet gateways beside one that sends as fast as it can: how long their readings take. */
import type { Releases } from '@zdenergy/core';
import type { Lab } from './lab.js';
import { coresOf, generatorWarnings } from './load-generator.js';
import { measureLatency, type LatencyResult } from './latency.js';
import { intervalMs, latencyLines, latencyWarnings } from './many-gateways.js';
import type { Findings, Part } from './parts.js';
import { settledOf, untilSettled } from './settled.js';
import { number } from './table.js';
import { atMost } from './verdicts.js';

const gateways = 1_000;
const measuredMs = 15_000;
/** Until the quiet ones are connected and have begun, and after they have ended. */
const aroundMs = 4_000;
const mostP99Ms = 500;
const dayMs = 86_400_000;

export interface NeighboursFigures {
  readonly latency: LatencyResult;
  /** Of the one at full speed: taken from it, and stored while the others were measured. */
  readonly takenPerSecond: number;
  readonly storedPerSecond: number;
  readonly generatorCores: number;
}

export const neighbours: Part = {
  name: 'neighbours',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    lab.say(`${gateways} quiet gateways beside one at full speed`);
    const target = await lab.target(releases);
    const { session, address, prefix } = target;
    const fast = lab.loadGenerator(releases);
    const before = await session.journalTotals();
    const series = {
      sensors: 100,
      prefix: `${prefix}fast-`,
      firstTimeMs: lab.nowMs - 10 * dayMs,
      stepMs: 1_000,
    };
    const pouring = fast.ask('pour', {
      ...address,
      series,
      connections: 1,
      durationMs: measuredMs + aroundMs,
    });
    // An error is told where it is waited for.
    pouring.catch(() => undefined);
    const plan = {
      readings: Math.round((measuredMs / intervalMs) * gateways),
      sensors: gateways,
      prefix,
      firstTimeMs: lab.nowMs,
      stepMs: intervalMs,
    };
    const startedAtMs = performance.now();
    const latency = await measureLatency(target, plan, intervalMs);
    const stored = settledOf(await session.journalTotals()) - settledOf(before);
    const storedPerSecond = (stored * 1_000) / (performance.now() - startedAtMs);
    const sent = await pouring;
    await untilSettled(target, before, sent.readings + plan.readings - latency.missing);
    const takenPerSecond = (sent.readings * 1_000) / (sent.lastByteAtMs - sent.firstByteAtMs);
    const generatorCores = coresOf(sent);
    const figures = { latency, takenPerSecond, storedPerSecond, generatorCores };
    return { result: figures, ...describeNeighbours(figures) };
  },
};

/** The figures in words, and how they stand to the target. */
export function describeNeighbours(figures: NeighboursFigures): Omit<Findings, 'result'> {
  const { latency, takenPerSecond, storedPerSecond } = figures;
  return {
    lines: [
      ...latencyLines('NEIGHBOURS of one gateway at full speed', latency),
      `the one at full speed: ${number(takenPerSecond)} readings/s taken, ` +
        `${number(storedPerSecond)} stored meanwhile`,
    ],
    verdicts: [
      atMost('quiet gateways beside one at full speed: 99 %', mostP99Ms, latency.p99Ms, 'ms'),
    ],
    warnings: [...latencyWarnings(latency), ...generatorWarnings(figures.generatorCores)],
  };
}
