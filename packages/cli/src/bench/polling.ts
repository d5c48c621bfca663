/** Health asked for by thousands of polls a second, while ingest rests and while it runs at full speed. */
import { once } from 'node:events';
import net from 'node:net';
import type { Releases } from '@zdenergy/core';
import type { Answers, Address } from './generator-protocol.js';
import type { Lab } from './lab.js';
import { coresOf, generatorWarnings, type LoadGenerator } from './load-generator.js';
import type { Findings, Part } from './parts.js';
import { cpuBetween } from './processes.js';
import { settledOf, sleep, untilSettled } from './settled.js';
import { percentile } from './statistics.js';
import { count, milliseconds, number, percent, table } from './table.js';
import type { Target } from './target.js';
import { atLeast, atMost } from './verdicts.js';

const path = '/api/health';
const pollsPerSecond = 5_000;
const mostP99Ms = 20;
const pollMs = 5_000;
/** Ingest has got going by then. */
const leadMs = 1_000;
const dayMs = 86_400_000;
/** As many as a good poller could send in a second, so that its own limit shows. */
const alonePerSecond = 30_000;
/** The pace counts as kept when so many of the polls were answered in time. */
const keptShare = 0.98;

export interface Polled {
  readonly answeredPerSecond: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Parts of one core; null when measured from outside. */
  readonly apiCores: number | null;
  readonly pollerCores: number;
}

export interface HealthFigures {
  readonly pollsPerSecond: number;
  /** What the poller reaches against a server that answers the same at once. */
  readonly pollerAlonePerSecond: number;
  readonly atRest: Polled;
  readonly underLoad: Polled & { readonly readingsPerSecond: number };
  readonly generatorCores: number;
}

export const polling: Part = {
  name: 'health',
  async measure(lab: Lab, releases: Releases): Promise<Findings> {
    const target = await lab.target(releases);
    const { http, generator, address, prefix, session } = target;
    if (http === undefined) throw new Error('--http says where health is');
    const poller = lab.loadGenerator(releases);
    const pollerAlonePerSecond = await pollerAlone(poller, await answerOf(http));
    lab.say(`health: ${pollsPerSecond} polls/s, first at rest`);
    const atRest = await poll(target, poller, http);
    lab.say('health: the same while ingest runs at full speed');
    const series = {
      sensors: 1_000,
      prefix,
      firstTimeMs: lab.nowMs - 10 * dayMs,
      stepMs: 1_000,
    };
    const before = await session.journalTotals();
    const durationMs = leadMs + pollMs + leadMs;
    const pouring = generator.ask('pour', { ...address, series, connections: 10, durationMs });
    // An error is told where it is waited for.
    pouring.catch(() => undefined);
    await sleep(leadMs);
    const first = settledOf(await session.journalTotals());
    const startedAtMs = performance.now();
    const polled = await poll(target, poller, http);
    const last = settledOf(await session.journalTotals());
    const readingsPerSecond = ((last - first) * 1_000) / (performance.now() - startedAtMs);
    const sent = await pouring;
    await untilSettled(target, before, sent.readings);
    const figures: HealthFigures = {
      pollsPerSecond,
      pollerAlonePerSecond,
      atRest,
      underLoad: { ...polled, readingsPerSecond },
      generatorCores: coresOf(sent),
    };
    return { result: figures, ...describeHealth(figures) };
  },
};

async function poll(
  { watch, session }: Target,
  poller: LoadGenerator,
  http: Address,
): Promise<Polled> {
  const before = watch?.usage(session.backendPid);
  const question = { ...http, path, perSecond: pollsPerSecond, durationMs: pollMs };
  const answer = await poller.ask('poll', question);
  const after = watch?.usage(session.backendPid);
  return {
    ...judge(answer),
    apiCores: before && after ? cpuBetween(before, after)['api worker'] / answer.seconds : null,
  };
}

const judge = ({
  latenciesMs,
  failures,
  seconds,
  cpuSeconds,
}: Answers['poll']): Omit<Polled, 'apiCores'> => ({
  answeredPerSecond: latenciesMs.length / seconds,
  failures,
  p50Ms: percentile(latenciesMs, 0.5),
  p99Ms: percentile(latenciesMs, 0.99),
  maxMs: percentile(latenciesMs, 1),
  pollerCores: cpuSeconds / seconds,
});

/** An answer to a poll, as it came. */
async function answerOf(http: Address): Promise<Buffer> {
  const socket = net.connect(http);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${http.host}:${http.port}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer;
}

/** Polls a second against a server that does nothing but give this answer. */
async function pollerAlone(poller: LoadGenerator, answer: Buffer): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('data', () => socket.write(answer));
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port for the server');
  const { latenciesMs, seconds } = await poller.ask('poll', {
    host: '127.0.0.1',
    port: address.port,
    path,
    perSecond: alonePerSecond,
    durationMs: 1_000,
  });
  server.close();
  return latenciesMs.length / seconds;
}

/** The figures in words, and how they stand to the targets. */
export function describeHealth(figures: HealthFigures): Omit<Findings, 'result'> {
  const { atRest, underLoad, pollerAlonePerSecond } = figures;
  const row = (name: string, polled: Polled): string[] => [
    name,
    number(polled.answeredPerSecond),
    milliseconds(polled.p50Ms),
    milliseconds(polled.p99Ms),
    milliseconds(polled.maxMs),
    count(polled.failures),
    polled.apiCores === null ? '–' : percent(polled.apiCores),
    percent(polled.pollerCores),
  ];
  const under = 'health polls while ingest runs at full speed';
  return {
    lines: [
      `HEALTH: ${count(figures.pollsPerSecond)} polls/s of ${path}, from when each is due`,
      ...table([
        ['', 'answers/s', 'median', '99 %', 'slowest', 'failed', 'API worker', 'poller'],
        row('ingest at rest', atRest),
        row('ingest at full speed', underLoad),
      ]),
      `ingest meanwhile: ${number(underLoad.readingsPerSecond)} readings/s; ` +
        `the poller alone reaches ${number(pollerAlonePerSecond)} polls/s`,
    ],
    verdicts: [
      atLeast(
        `${under}: answered`,
        figures.pollsPerSecond * keptShare,
        underLoad.answeredPerSecond,
        'a second',
      ),
      atMost(`${under}: 99 %`, mostP99Ms, underLoad.p99Ms, 'ms'),
    ],
    warnings: [
      ...(pollerAlonePerSecond < 2 * figures.pollsPerSecond
        ? ['The poller is hardly faster than the pace of the polls: it may hold them up.']
        : []),
      ...generatorWarnings(figures.generatorCores),
    ],
  };
}
