/**
 * How long a reading takes from being sent to being committed, with many quiet gateways.
 *
 * The database is looked at every few milliseconds; when it has stored something, the readings that
 * were due and not yet seen are looked up by their keys. What always holds: a latency is at most one
 * look too long, never too short; a reading that was not seen in the end is counted as missing.
 */
import type { ReadingKeys } from '@zdenergy/storage';
import { cpuSecondsSince, dueMs, monotonicMs, type Schedule } from './generator-protocol.js';
import { sensorName, timeMs, type Plan } from './payload.js';
import { cpuBetween } from './processes.js';
import { percentile } from './statistics.js';
import { instantText, type Target } from './target.js';

const lookEveryMs = 5;
/** From the question to the first reading. */
const leadMs = 500;
/** Once all are connected, what that has cost settles. */
const settleMs = 1_500;
/** How long the last readings may take. */
const patienceMs = 10_000;
const memoryEveryMs = 500;

export interface LatencyResult {
  readonly gateways: number;
  readonly readings: number;
  readonly readingsPerSecond: number;
  readonly missing: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How much too long 99 % of the latencies can be, at most. */
  readonly resolutionMs: number;
  /** How late the generator was with a reading, at most; a latency counts from the real sending. */
  readonly generatorLateMs: number;
  /** Parts of one core; null when measured from outside. */
  readonly ingestCores: number | null;
  readonly postgresCores: number | null;
  readonly generatorCores: number;
  readonly watcherCores: number;
  /** The most that the ingest worker took; null when measured from outside. */
  readonly ingestMemoryBytes: number | null;
}

/** @param plan its sensors are the gateways. */
export async function measureLatency(
  target: Target,
  plan: Plan,
  intervalMs: number,
): Promise<LatencyResult> {
  const { generator, session, watch, address } = target;
  await session.checkpoint();
  await generator.ask('connect', { ...address, connections: plan.sensors });
  await new Promise((resolve) => setTimeout(resolve, settleMs));

  const schedule: Schedule = { startMs: monotonicMs() + leadMs, intervalMs };
  const before = watch?.usage(session.backendPid);
  const ownBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  let ingestMemoryBytes = 0;
  const memoryTimer = setInterval(() => {
    ingestMemoryBytes = Math.max(ingestMemoryBytes, watch?.memoryBytes('ingest worker') ?? 0);
  }, memoryEveryMs);
  const [sent, seen] = await Promise.all([
    generator.ask('send', { plan, schedule }),
    watchArrivals(target, plan, schedule),
  ]).finally(() => clearInterval(memoryTimer));
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const ownCpuSeconds = cpuSecondsSince(ownBefore);
  const after = watch?.usage(session.backendPid);
  const cpu = before && after ? cpuBetween(before, after) : undefined;

  const latencies = seen.atMs.flatMap((atMs, number) =>
    Number.isNaN(atMs) ? [] : [atMs - sent.sentAtMs[number]],
  );
  const late = sent.sentAtMs.map((atMs, number) => atMs - dueMs(plan, schedule, number));
  return {
    gateways: plan.sensors,
    readings: plan.readings,
    readingsPerSecond: (plan.sensors / intervalMs) * 1_000,
    missing: plan.readings - latencies.length,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    maxMs: percentile(latencies, 1),
    resolutionMs: percentile(seen.marginsMs, 0.99),
    generatorLateMs: percentile(late, 1),
    ingestCores: cpu ? cpu['ingest worker'] / seconds : null,
    postgresCores: cpu ? cpu.Postgres / seconds : null,
    generatorCores: sent.cpuSeconds / seconds,
    watcherCores: ownCpuSeconds / seconds,
    ingestMemoryBytes: watch === undefined ? null : ingestMemoryBytes,
  };
}

interface Arrivals {
  /** When each reading was first seen, by its number; NaN: never. */
  readonly atMs: readonly number[];
  /** For each sighting, the time since the look that saw nothing yet. */
  readonly marginsMs: readonly number[];
}

async function watchArrivals(target: Target, plan: Plan, schedule: Schedule): Promise<Arrivals> {
  const { session } = target;
  const atMs = new Array<number>(plan.readings).fill(Number.NaN);
  const marginsMs: number[] = [];
  const deadline = dueMs(plan, schedule, plan.readings) + patienceMs;
  /** Numbers of readings that were due and are not seen yet. */
  let waiting: number[] = [];
  let next = 0;
  let position = (await session.journalTotals()).position;
  let lookedAtMs = monotonicMs();
  while ((waiting.length > 0 || next < plan.readings) && monotonicMs() < deadline) {
    const untilLookMs = lookedAtMs + lookEveryMs - monotonicMs();
    if (untilLookMs > 0) await new Promise((resolve) => setTimeout(resolve, untilLookMs));
    const sawNothingAtMs = lookedAtMs;
    lookedAtMs = monotonicMs();
    const totals = await session.journalTotals();
    if (totals.position === position) continue;
    position = totals.position;
    // What was stored was sent before, and nothing is sent before it is due.
    for (; next < plan.readings && dueMs(plan, schedule, next) <= monotonicMs(); next += 1) {
      waiting.push(next);
    }
    const stored = new Set(await session.findStored(keysOf(target, plan, waiting)));
    const seenAtMs = monotonicMs();
    for (const index of stored) atMs[waiting[index]] = seenAtMs;
    if (stored.size > 0) marginsMs.push(seenAtMs - sawNothingAtMs);
    waiting = waiting.filter((_, index) => !stored.has(index));
  }
  return { atMs, marginsMs };
}

const keysOf = (target: Target, plan: Plan, numbers: readonly number[]): ReadingKeys => ({
  sensorIds: numbers.map((number) => sensorName(plan, number)),
  times: numbers.map((number) => instantText(target, timeMs(plan, number))),
});
