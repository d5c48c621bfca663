/**
 * What is lost when the TCP worker is killed, the database is away, or both: with acknowledgements
 * and without.
 *
 * What always holds: what was sent is compared with the rows that there are; each fault falls into
 * the middle of the run, so that readings are under way when it begins and when it ends.
 */
import type { Releases } from '@zdenergy/core';
import type { MeasuringSession } from '@zdenergy/storage';
import type { Lab, OutsideSite } from './lab.js';
import type { LoadGenerator } from './load-generator.js';
import type { Findings, Part } from './parts.js';
import { sleep, untilQuiet } from './settled.js';
import { count, table } from './table.js';
import { storedOf } from './throughput.js';
import { atMost } from './verdicts.js';

const perSecond = 2_000;
const gateways = 10;
const dayMs = 86_400_000;
const faults = ['kill -9', 'no database', 'both'] as const;
type Fault = (typeof faults)[number];
/** Of 40,000: without acknowledgements what the kernel still held may go. */
const mostLost: Readonly<Record<Fault, number>> = { 'kill -9': 5, 'no database': 0, both: 5 };
/** Parts of the run. */
const [awayFrom, killedAt, awayUntil] = [0.25, 0.5, 0.75];
const lateMs = 100;

export interface Loss {
  readonly fault: Fault;
  readonly ack: boolean;
  readonly sent: number;
  readonly acknowledged: number;
  /** Without acknowledgements all that was sent and is in no row; with them, what was acknowledged and is in none. */
  readonly lost: number;
  readonly reconnects: number;
  readonly lateMs: number;
}

export interface LossFigures {
  readonly readings: number;
  readonly losses: readonly Loss[];
}

export const losses: Part = {
  name: 'losses',
  needsOwn: 'it is not killed',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    const found: Loss[] = [];
    for (const ack of [false, true]) {
      const site = await lab.withOutsidePostgres(releases, { TCP_ACK: ack ? 'on' : 'off' });
      const sessions = [site.target.session];
      for (const fault of faults) {
        lab.say(`losses: ${fault}, ${ack ? 'with' : 'without'} acknowledgements`);
        found.push(await measureLoss(lab, site, sessions, { fault, ack }));
      }
      await sessions.at(-1)?.close();
      await site.instance.stop();
      await site.postgres.stop();
    }
    const figures = { readings: (lab.options.lossesMs / 1_000) * perSecond, losses: found };
    return { result: figures, ...describeLosses(figures) };
  },
};

/** @param sessions the last of them is the one to be asked; another one follows when Postgres was away. */
async function measureLoss(
  lab: Lab,
  site: OutsideSite,
  sessions: MeasuringSession[],
  { fault, ack }: { readonly fault: Fault; readonly ack: boolean },
): Promise<Loss> {
  const { address, http, generator, prefix } = site.target;
  const series = {
    sensors: gateways,
    prefix: `${prefix}${faults.indexOf(fault)}-`,
    firstTimeMs: lab.nowMs - 10 * dayMs,
    stepMs: 1_000,
  };
  const startedAtMs = performance.now();
  const until = (part: number): Promise<void> =>
    sleep(startedAtMs + part * lab.options.lossesMs - performance.now());
  await generator.ask('steady', { ...address, series, perSecond, ack });
  await until(awayFrom);
  if (fault !== 'kill -9') {
    await sessions.at(-1)?.close();
    await site.postgres.stop();
  }
  await until(killedAt);
  if (fault !== 'no database') killWorker(site);
  await until(awayUntil);
  if (fault !== 'kill -9') sessions.push(await site.postgres.start());
  await until(1);
  const sent = await finish(generator);
  await untilQuiet(http);
  const session = sessions.at(-1) ?? site.target.session;
  const stored = await storedOf({ ...site.target, session }, { ...series, readings: sent.sent });
  const acknowledged = ack ? sent.sent - sent.unacknowledged : 0;
  return {
    fault,
    ack,
    sent: sent.sent,
    acknowledged,
    lost: Math.max(0, (ack ? acknowledged : sent.sent) - stored),
    reconnects: sent.reconnects,
    lateMs: sent.lateMs,
  };
}

function killWorker({ target }: OutsideSite): void {
  for (const pid of target.watch.pidsOf('ingest worker')) process.kill(pid, 'SIGKILL');
}

const finish = (
  generator: LoadGenerator,
): Promise<{ sent: number; unacknowledged: number; reconnects: number; lateMs: number }> =>
  generator.ask('finish', {});

/** The figures in words, and how they stand to the targets. */
export function describeLosses({ losses: found }: LossFigures): Omit<Findings, 'result'> {
  return {
    lines: [
      `LOSSES: ${count(perSecond)} readings/s over ${gateways} connections`,
      ...table([
        ['', 'sent', 'acknowledged', 'lost', 'reconnects'],
        ...found.map(({ fault, ack, sent, acknowledged, lost, reconnects }) => [
          `${fault}, ${ack ? 'with' : 'without'} acknowledgements`,
          count(sent),
          ack ? count(acknowledged) : '–',
          count(lost),
          count(reconnects),
        ]),
      ]),
    ],
    verdicts: found.map(({ fault, ack, lost, sent }) =>
      atMost(
        ack
          ? `${fault}: acknowledged readings lost`
          : `${fault}: lost of ${count(sent)} without them`,
        ack ? 0 : mostLost[fault],
        lost,
        '',
      ),
    ),
    warnings: found.some((loss) => loss.lateMs > lateMs)
      ? ['The load generator was late with readings: they came in bursts.']
      : [],
  };
}
