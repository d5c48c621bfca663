/**
 * What people cost who look: ingest at full speed alone, and beside an export of everything and
 * viewers of the live stream.
 *
 * What always holds: both are measured in turn, so that what the machine does besides strikes both.
 */
import type { Releases } from '@zdenergy/core';
import type { Lab, OwnSite } from './lab.js';
import { coresOf, generatorWarnings, type LoadGenerator } from './load-generator.js';
import type { Findings, Part } from './parts.js';
import { untilSettled } from './settled.js';
import { median } from './statistics.js';
import { count, megabytes, number, table } from './table.js';
import { atLeast } from './verdicts.js';

const viewers = 50;
const pairs = 3;
const pourMs = 5_000;
const dayMs = 86_400_000;
const leastShare = 0.9;

export interface Watched {
  readonly downloads: number;
  readonly downloadedBytes: number;
  readonly streamedBytes: number;
  readonly lostStreams: number;
}

export interface ReadersFigures {
  readonly viewers: number;
  /** Readings per second, from the first byte to the last row, of each round. */
  readonly alone: readonly number[];
  readonly beside: readonly number[];
  readonly watched: readonly Watched[];
  /** The most that it took in a round. */
  readonly generatorCores: number;
}

export const readers: Part = {
  name: 'readers',
  needsOwn: 'its exports may need a password',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    const site = await lab.own(releases);
    const reading = lab.loadGenerator(releases);
    lab.say('ingest beside an export of everything and viewers: filling the table');
    let [round, generatorCores] = [0, 0];
    const pour = async (): Promise<number> => {
      const { perSecond, cores } = await pourOnce(lab, site, (round += 1));
      generatorCores = Math.max(generatorCores, cores);
      return perSecond;
    };
    await pour();
    const [alone, beside, watched]: [number[], number[], Watched[]] = [[], [], []];
    for (let pair = 0; pair < pairs; pair += 1) {
      lab.say(`ingest alone and beside readers, round ${pair + 1} of ${pairs}`);
      alone.push(await pour());
      await startReading(reading, site);
      beside.push(await pour());
      watched.push(await reading.ask('finishReading', {}));
    }
    const figures: ReadersFigures = { viewers, alone, beside, watched, generatorCores };
    return { result: figures, ...describeReaders(figures) };
  },
};

/** The rows of before stay: there must be something to export. */
async function pourOnce(
  lab: Lab,
  { target }: OwnSite,
  round: number,
): Promise<{ readonly perSecond: number; readonly cores: number }> {
  const { session, generator, address, prefix } = target;
  await session.checkpoint();
  const before = await session.journalTotals();
  const series = {
    sensors: 1_000,
    prefix,
    // Each round has an hour of its own; a second holds 1,000 readings.
    firstTimeMs: lab.nowMs - 10 * dayMs + round * 3_600_000,
    stepMs: 1_000,
  };
  const question = { ...address, series, connections: 10, durationMs: pourMs };
  const sent = await generator.ask('pour', question);
  const settledAtMs = await untilSettled(target, before, sent.readings);
  const perSecond = (sent.readings * 1_000) / (settledAtMs - sent.firstByteAtMs);
  return { perSecond, cores: coresOf(sent) };
}

const startReading = (reading: LoadGenerator, { target }: OwnSite): Promise<object> =>
  reading.ask('read', {
    ...target.http,
    viewers,
    streamPath: '/api/stream',
    downloadPath: '/api/export/csv?all=true',
  });

/** The figures in words, and how they stand to the target. */
export function describeReaders(figures: ReadersFigures): Omit<Findings, 'result'> {
  const { alone, beside, watched } = figures;
  const sum = (pick: (one: Watched) => number): number =>
    watched.reduce((all, one) => all + pick(one), 0);
  const share = median(beside.map((speed, index) => speed / alone[index]));
  const row = (name: string, values: readonly number[]): string[] => [
    name,
    ...values.map(number),
    number(median(values)),
  ];
  return {
    lines: [
      `READERS: ingest beside an export of everything, over and over, and ${figures.viewers} viewers of the stream`,
      ...table([
        ['readings/s', ...alone.map((_, index) => `round ${index + 1}`), 'median'],
        row('alone', alone),
        row('beside them', beside),
      ]),
      `they read meanwhile: ${count(sum(({ downloads }) => downloads))} whole exports, ` +
        `${megabytes(sum(({ downloadedBytes }) => downloadedBytes))} of CSV, ` +
        `${megabytes(sum(({ streamedBytes }) => streamedBytes))} of events`,
    ],
    verdicts: [
      atLeast('ingest beside an export and 50 viewers, alone being 1', leastShare, share, ''),
    ],
    warnings: [
      ...(sum(({ lostStreams }) => lostStreams) > 0 ? ['Streams of viewers were ended.'] : []),
      ...generatorWarnings(figures.generatorCores),
    ],
  };
}
