/** How long a reading takes with many quiet gateways, and what that costs. */
import type { Releases } from '@zdenergy/core';
import type { Lab } from './lab.js';
import { measureLatency, type LatencyResult } from './latency.js';
import type { Findings, Part } from './parts.js';
import { count, megabytes, milliseconds, number, percent, table } from './table.js';
import { atMost } from './verdicts.js';

export const intervalMs = 5_000;
/** The targets are for so many. */
const targetGateways = 10_000;
/** Readings that come later than this come in bursts. */
const lateMs = 100;

export const manyGateways: Part = {
  name: 'latency',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    const { gateways, latencyMs } = lab.options;
    lab.say(`latency: ${gateways} connections, ${latencyMs / 1_000} s`);
    const target = await lab.target(releases);
    const plan = {
      readings: Math.round((latencyMs / intervalMs) * gateways),
      sensors: gateways,
      prefix: target.prefix,
      firstTimeMs: lab.nowMs,
      stepMs: intervalMs,
    };
    const result = await measureLatency(target, plan, intervalMs);
    return { result, ...describeLatency(result) };
  },
};

/** The figures in words, and how they stand to the targets. */
export function describeLatency(result: LatencyResult): Omit<Findings, 'result'> {
  const { gateways, ingestCores, ingestMemoryBytes, p50Ms, p99Ms } = result;
  const what = `${count(gateways)} connections`;
  return {
    lines: latencyLines('LATENCY', result),
    verdicts:
      gateways < targetGateways
        ? []
        : [
            ...(ingestCores === null || ingestMemoryBytes === null
              ? []
              : [
                  atMost(`${what}: ingest worker`, 10, ingestCores * 100, '% of a core'),
                  atMost(`${what}: its memory`, 250, ingestMemoryBytes / 1e6, 'MB'),
                ]),
            atMost(`${what}: sent to committed, median`, 100, p50Ms, 'ms'),
            atMost(`${what}: sent to committed, 99 %`, 250, p99Ms, 'ms'),
          ],
    warnings: latencyWarnings(result),
  };
}

export function latencyLines(title: string, result: LatencyResult): string[] {
  const { ingestCores, postgresCores, ingestMemoryBytes } = result;
  const own =
    ingestCores === null || postgresCores === null || ingestMemoryBytes === null
      ? ''
      : `ingest worker ${percent(ingestCores)} of a core, ${megabytes(ingestMemoryBytes)}; ` +
        `Postgres ${percent(postgresCores)}; `;
  return [
    `${title}: ${count(result.gateways)} connections, ${number(result.readingsPerSecond)} readings/s ` +
      `evenly spread, ${count(result.readings)} in all, from sent to committed`,
    ...table([
      ['', 'median', '99 %', 'slowest'],
      [
        'sent to committed',
        milliseconds(result.p50Ms),
        milliseconds(result.p99Ms),
        milliseconds(result.maxMs),
      ],
    ]),
    `99 % of these are at most ${milliseconds(result.resolutionMs)} too long, for that is how exactly it is seen`,
    `meanwhile: ${own}not part of it: generator ${percent(result.generatorCores)} of a core, ` +
      `watcher ${percent(result.watcherCores)}`,
  ];
}

export function latencyWarnings(result: LatencyResult): string[] {
  const found: string[] = [];
  if (result.missing > 0) {
    found.push(`${count(result.missing)} readings were never seen committed.`);
  }
  if (result.generatorLateMs > lateMs) {
    found.push(
      `The load generator was up to ${milliseconds(result.generatorLateMs)} late with its readings: ` +
        'they came in bursts.',
    );
  }
  return found;
}
