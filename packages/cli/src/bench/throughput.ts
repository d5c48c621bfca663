/**
 * Readings per second from socket to committed row, and what COPY alone reaches with the same rows.
 *
 * What always holds: both start alike, after a checkpoint and, in an instance of our own, with an
 * empty table; a reading counts once another session sees it; none may be missing in the end.
 */
import type { Answers } from './generator-protocol.js';
import { cpuSecondsSince, monotonicMs } from './generator-protocol.js';
import {
  copyChunks,
  endTimeMs,
  lastOfConnection,
  sensorName,
  timeMs,
  type Plan,
} from './payload.js';
import { coresOfOthers, cpuBetween, type Role } from './processes.js';
import { patienceForMs, sleep } from './settled.js';
import { instantText, type Target } from './target.js';

/** Below the noise of a run that takes seconds. */
const pollMs = 20;

export interface IngestResult {
  readonly readingsPerSecond: number;
  readonly seconds: number;
  /** Until the network had taken the last byte. */
  readonly sendingSeconds: number;
  /** For each million readings; null when measured from outside. */
  readonly cpuSecondsPerMillion: Readonly<Record<Role, number>> | null;
  readonly generatorCpuSecondsPerMillion: number;
  /** This process, which only looks whether all has arrived. */
  readonly watcherCpuSecondsPerMillion: number;
  readonly coresOfOthers: number | null;
}

export interface CopyResult {
  readonly rowsPerSecond: number;
  readonly postgresCpuSecondsPerMillion: number | null;
  /** This process, which sends the rows. */
  readonly senderCpuSecondsPerMillion: number;
  readonly coresOfOthers: number | null;
  /** Whether the database user may ask for a checkpoint, so that all rounds start alike. */
  readonly checkpointed: boolean;
}

export interface Round {
  readonly ingest: IngestResult;
  readonly copy: CopyResult;
  /** Ingest's speed as part of COPY's. */
  readonly ratio: number;
}

/** Measures ingest, then COPY. The generator must have prepared the plan. */
export async function measureRound(
  target: Target,
  plan: Plan,
  connections: number,
): Promise<Round> {
  const rows = copyChunks(plan, Date.now());
  const ingest = await measureIngest(target, plan, connections);
  const copy = await measureCopy(target, plan, rows);
  return { ingest, copy, ratio: ingest.readingsPerSecond / copy.rowsPerSecond };
}

/** Measures ingest alone. The generator must have prepared the plan. */
export async function measureIngest(
  target: Target,
  plan: Plan,
  connections: number,
): Promise<IngestResult> {
  const { session, watch, generator } = target;
  if (watch !== undefined) await session.emptyReadings();
  await session.checkpoint();
  const before = watch?.usage(session.backendPid);
  const ownBefore = process.cpuUsage();
  const [sent, committedAtMs] = await Promise.all([
    generator.ask('flood', target.address),
    untilStored(target, plan, connections),
  ]);
  const ownCpuSeconds = cpuSecondsSince(ownBefore);
  const after = watch?.usage(session.backendPid);
  await requireAll(target, plan);
  const seconds = (committedAtMs - sent.firstByteAtMs) / 1_000;
  return {
    readingsPerSecond: plan.readings / seconds,
    seconds,
    sendingSeconds: sendingSeconds(sent),
    cpuSecondsPerMillion:
      before && after ? perMillionOfEach(cpuBetween(before, after), plan.readings) : null,
    generatorCpuSecondsPerMillion: perMillion(sent.cpuSeconds, plan.readings),
    watcherCpuSecondsPerMillion: perMillion(ownCpuSeconds, plan.readings),
    coresOfOthers:
      before && after
        ? coresOfOthers(before, after, ownCpuSeconds + sent.cpuSeconds, seconds)
        : null,
  };
}

const sendingSeconds = ({ firstByteAtMs, lastByteAtMs }: Answers['flood']): number =>
  (lastByteAtMs - firstByteAtMs) / 1_000;

/**
 * Waits until the last reading of every connection is committed: mostly one look into the index.
 * @returns when that was seen, on the monotonic clock.
 */
export async function untilStored(
  target: Target,
  plan: Plan,
  connections: number,
): Promise<number> {
  const deadline = performance.now() + patienceForMs(plan.readings);
  const keyOf = (connection: number): [sensorId: string, time: string] => {
    const number = lastOfConnection(plan, connection, connections);
    return [sensorName(plan, number), instantText(target, timeMs(plan, number))];
  };
  let waiting = Array.from({ length: connections }, (_, connection) => keyOf(connection));
  while (waiting.length > 0) {
    if (performance.now() > deadline) throw await notStored(target, plan);
    if ((await findAmong(target, waiting.slice(0, 1))).size === 0) {
      await sleep(pollMs);
      continue;
    }
    const found = await findAmong(target, waiting);
    waiting = waiting.filter((_, index) => !found.has(index));
  }
  return monotonicMs();
}

async function findAmong(
  { session }: Target,
  keys: readonly [sensorId: string, time: string][],
): Promise<ReadonlySet<number>> {
  const [sensorIds, times] = [keys.map(([sensorId]) => sensorId), keys.map(([, time]) => time)];
  return new Set(await session.findStored({ sensorIds, times }));
}

/** @throws {Error} when not every reading is there. */
export async function requireAll(target: Target, plan: Plan): Promise<void> {
  if ((await storedOf(target, plan)) !== plan.readings) throw await notStored(target, plan);
}

/** How many of the plan's readings are committed. */
export function storedOf(target: Target, plan: Plan): Promise<number> {
  return target.session.countStored(
    plan.prefix,
    instantText(target, plan.firstTimeMs),
    instantText(target, endTimeMs(plan)),
  );
}

async function notStored(target: Target, plan: Plan): Promise<Error> {
  const stored = await storedOf(target, plan);
  const totals = await target.session.journalTotals();
  return new Error(
    `only ${stored} of ${plan.readings} readings were stored ` +
      `(in all ${totals.duplicates} duplicates and ${totals.rejected} rejected)`,
  );
}

async function measureCopy(
  target: Target,
  plan: Plan,
  rows: readonly Buffer[],
): Promise<CopyResult> {
  const { session, watch } = target;
  await session.emptyCopyTable();
  const checkpointed = await session.checkpoint();
  const before = watch?.usage();
  const ownBefore = process.cpuUsage();
  const startedAtMs = monotonicMs();
  await session.copyText(rows);
  const seconds = (monotonicMs() - startedAtMs) / 1_000;
  const ownCpuSeconds = cpuSecondsSince(ownBefore);
  const after = watch?.usage();
  return {
    rowsPerSecond: plan.readings / seconds,
    postgresCpuSecondsPerMillion:
      before && after ? perMillion(cpuBetween(before, after).Postgres, plan.readings) : null,
    senderCpuSecondsPerMillion: perMillion(ownCpuSeconds, plan.readings),
    coresOfOthers: before && after ? coresOfOthers(before, after, ownCpuSeconds, seconds) : null,
    checkpointed,
  };
}

const perMillion = (seconds: number, readings: number): number => (seconds / readings) * 1e6;

const perMillionOfEach = (
  seconds: Readonly<Record<Role, number>>,
  readings: number,
): Record<Role, number> => ({
  supervisor: perMillion(seconds.supervisor, readings),
  'ingest worker': perMillion(seconds['ingest worker'], readings),
  'api worker': perMillion(seconds['api worker'], readings),
  Postgres: perMillion(seconds.Postgres, readings),
});
