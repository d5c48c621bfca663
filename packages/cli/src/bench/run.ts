/**
 * One run: throughput beside COPY, latency, memory, start.
 *
 * What always holds: whatever happens, what was started is stopped and what was made is removed; in
 * a database that is not our own the readings stay, for only its owner removes readings.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import type { Releases } from '@zdenergy/core';
import { openMeasuringSession } from '@zdenergy/storage';
import type { Options } from './arguments.js';
import { monotonicMs } from './generator-protocol.js';
import { choosePlace, startInstance, type Instance, type InstancePlace } from './instance.js';
import { measureLatency } from './latency.js';
import { LoadGenerator } from './load-generator.js';
import { describeMachine } from './machine.js';
import { endTimeMs, type Plan } from './payload.js';
import { ProcessWatch } from './processes.js';
import type { StartProgram } from './program.js';
import type { Report } from './report.js';
import { rateAgainstSink } from './sink.js';
import { median } from './statistics.js';
import { probe, type Target } from './target.js';
import { measureRound, type Round } from './throughput.js';

const sensors = 1_000;
const connections = 10;
const intervalMs = 5_000;
const dayMs = 86_400_000;

/** @param say is told what is going on, a line each. */
export async function run(
  options: Options,
  startProgram: StartProgram,
  releases: Releases,
  say: (line: string) => void,
): Promise<Report> {
  const date = new Date();
  const directory = await mkdtemp(join(os.tmpdir(), 'zdenergy-bench-'));
  releases.push(() => rm(directory, { recursive: true, force: true }));
  const generator = new LoadGenerator(startProgram, directory);
  releases.push(() => generator.stop());
  const own =
    options.existing === undefined
      ? await startOwn(directory, options.workers, startProgram, releases, say)
      : undefined;
  const { address, databaseUrl } = own?.instance ?? options.existing ?? missing();
  const session = await openMeasuringSession(databaseUrl);
  releases.push(() => session.close());
  const watch = own && new ProcessWatch(own.instance.supervisorPid);
  releases.push(() => watch?.stop());

  const machine = await describeMachine(own && directory, await session.describeServer());
  const prefix = `bench-${randomBytes(2).toString('hex')}-`;
  const nowMs = Math.floor(date.getTime() / 1_000) * 1_000;
  const beforeProbe = { address, session, generator, watch, prefix };
  const target: Target = { ...beforeProbe, offsetMs: await probe(beforeProbe, nowMs - dayMs) };

  const firstStoredMs = own === undefined ? 0 : monotonicMs() - own.instance.startedAtMs;

  const plans = plansOf(options, prefix, nowMs - 2 * dayMs);
  const { rounds, generatorAlonePerSecond } = await measureRounds(target, plans, say);
  say(`latency: ${options.gateways} connections, ${options.latencyMs / 1_000} s`);
  const latency = await measureLatency(target, latencyPlan(options, prefix, nowMs), intervalMs);
  const processes = watch?.usage() ?? null;
  const start = own && {
    firstMs: own.instance.startMs,
    firstStoredMs,
    againMs: await startAgain(own, startProgram, releases, say),
  };
  return {
    date: date.toISOString(),
    machine,
    ingestWorkers: own === undefined ? null : options.workers,
    readings: options.readings,
    sensors,
    sensorPrefix: prefix,
    connections,
    rounds,
    ratio: median(rounds.map(({ ratio }) => ratio)),
    generatorAlonePerSecond,
    latency,
    processes,
    start: start ?? null,
  };
}

const missing = (): never => {
  throw new Error('neither an instance of our own nor another');
};

interface Own {
  readonly place: InstancePlace;
  readonly instance: Instance;
}

async function startOwn(
  directory: string,
  workers: number,
  startProgram: StartProgram,
  releases: Releases,
  say: (line: string) => void,
): Promise<Own> {
  say('starting zdenergy with a database of its own');
  const place = await choosePlace(join(directory, 'data'), workers);
  const instance = await startInstance(place, startProgram);
  releases.push(() => instance.stop());
  return { place, instance };
}

/** Stops it and starts it on the data that it has; milliseconds to ready. */
async function startAgain(
  { place, instance }: Own,
  startProgram: StartProgram,
  releases: Releases,
  say: (line: string) => void,
): Promise<number> {
  say('starting zdenergy again');
  await instance.stop();
  const again = await startInstance(place, startProgram);
  releases.push(() => again.stop());
  return again.startMs;
}

/** A plan for each round, one after the other in time, so that no reading comes twice. */
function plansOf({ readings, pairs }: Options, prefix: string, endMs: number): Plan[] {
  const steps = Math.ceil(readings / sensors);
  return Array.from({ length: pairs }, (_, round) => ({
    readings,
    sensors,
    prefix,
    firstTimeMs: endMs - (pairs - round) * steps * intervalMs,
    stepMs: intervalMs,
  }));
}

function latencyPlan({ gateways, latencyMs }: Options, prefix: string, nowMs: number): Plan {
  return {
    readings: Math.round((latencyMs / intervalMs) * gateways),
    sensors: gateways,
    prefix,
    firstTimeMs: nowMs,
    stepMs: intervalMs,
  };
}

async function measureRounds(
  target: Target,
  plans: readonly Plan[],
  say: (line: string) => void,
): Promise<{ rounds: Round[]; generatorAlonePerSecond: number }> {
  const { generator, session } = target;
  await session.makeCopyTable(
    Math.min(...plans.map(({ firstTimeMs }) => firstTimeMs)),
    Math.max(...plans.map(endTimeMs)),
  );
  try {
    const rounds: Round[] = [];
    let generatorAlonePerSecond = 0;
    for (const [index, plan] of plans.entries()) {
      say(`round ${index + 1} of ${plans.length}: ${plan.readings} readings, then COPY`);
      await generator.ask('prepare', { plan, connections });
      if (index === 0) {
        generatorAlonePerSecond = await rateAgainstSink(generator, plan.readings, connections);
      }
      rounds.push(await measureRound(target, plan, connections));
    }
    return { rounds, generatorAlonePerSecond };
  } finally {
    await session.dropCopyTable();
  }
}
