/** All figures of a run, and their text for people. */
import type { LatencyResult } from './latency.js';
import type { Machine } from './machine.js';
import { roles, type UsageByRole } from './processes.js';
import { median } from './statistics.js';
import { count, megabytes, milliseconds, number, percent, table } from './table.js';
import type { Round } from './throughput.js';

export interface Report {
  /** When the run began, ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly ingestWorkers: number | null;
  readonly readings: number;
  readonly sensors: number;
  /** What the ids of all sensors start with. */
  readonly sensorPrefix: string;
  readonly connections: number;
  readonly rounds: readonly Round[];
  /** The median of the rounds' ratios: ingest's speed as part of COPY's. */
  readonly ratio: number;
  readonly generatorAlonePerSecond: number;
  readonly latency: LatencyResult;
  /** Null when measured from outside, like the start. */
  readonly processes: UsageByRole | null;
  readonly start: {
    /** With a database still to be made. */
    readonly firstMs: number;
    /** From the start to the first reading being committed, which needs the tables to be made. */
    readonly firstStoredMs: number;
    readonly againMs: number;
  } | null;
}

/** What the kernel does by itself stays well below. */
const quietCores = 0.3;

export function describeReport(report: Report): string {
  return [
    ...title(report),
    '',
    ...throughput(report),
    '',
    ...cpu(report),
    '',
    ...latency(report),
    ...processes(report),
    ...remains(report),
    ...warnings(report).map((warning) => `\n⚠️ ${warning}`),
  ].join('\n');
}

function title({ date, machine, ingestWorkers }: Report): string[] {
  const { postgres } = machine;
  const settings = Object.entries(postgres.settings).map(([name, value]) => `${name} ${value}`);
  const where = machine.fileSystem === null ? '' : `, data on ${machine.fileSystem}`;
  return [
    `zdenergy benchmark, ${date.slice(0, 16).replace('T', ' ')} UTC`,
    `machine    ${machine.cores} cores (${machine.processor}), ${Math.round(machine.memoryBytes / 1e9)} GB, ` +
      `${machine.system}${where}`,
    `programs   Node ${machine.node}, Postgres ${postgres.version}` +
      (ingestWorkers === null ? ', measured from outside' : `, ingest workers: ${ingestWorkers}`),
    `Postgres   ${settings.join(', ')}`,
  ];
}

function throughput(report: Report): string[] {
  const { readings, sensors, connections, rounds } = report;
  const outside = report.processes === null;
  const row = (name: string, pick: (round: Round) => number, last?: string): string[] => {
    const values = rounds.map(pick);
    return [name, ...values.map(number), last ?? number(median(values))];
  };
  return [
    `INGEST: ${count(readings)} readings of ${count(sensors)} sensors, JSON lines over ${connections} ` +
      'connections, from the first byte to the last row committed',
    ...table([
      ['', ...rounds.map((_, index) => `round ${index + 1}`), 'median'],
      row('zdenergy, readings/s', ({ ingest }) => ingest.readingsPerSecond),
      row('COPY alone, rows/s', ({ copy }) => copy.rowsPerSecond),
      row('zdenergy, COPY being 1', ({ ratio }) => ratio, number(report.ratio)),
      row('until all was sent, s', ({ ingest }) => ingest.sendingSeconds),
      row('until all was stored, s', ({ ingest }) => ingest.seconds),
      ...(outside
        ? []
        : [
            row('other programs, cores', ({ ingest }) => Number(ingest.coresOfOthers)),
            row('… during COPY, cores', ({ copy }) => Number(copy.coresOfOthers)),
          ]),
    ]),
    `the load generator alone reaches ${number(report.generatorAlonePerSecond)} readings/s`,
  ];
}

function cpu({ rounds, processes: usage }: Report): string[] {
  const middle = (pick: (round: Round) => number | null): string => {
    const values = rounds.map(pick);
    return values.includes(null) ? '–' : number(median(values.map(Number)));
  };
  return [
    'CPU seconds per million readings (median)',
    ...table([
      ['', 'zdenergy', 'COPY alone'],
      ...(usage === null ? [] : roles).map((role) => [
        role,
        middle(({ ingest }) => ingest.cpuSecondsPerMillion?.[role] ?? null),
        role === 'Postgres' ? middle(({ copy }) => copy.postgresCpuSecondsPerMillion) : '',
      ]),
      [
        'sender, not part of it',
        middle(({ ingest }) => ingest.generatorCpuSecondsPerMillion),
        middle(({ copy }) => copy.senderCpuSecondsPerMillion),
      ],
      ['watcher, not part of it', middle(({ ingest }) => ingest.watcherCpuSecondsPerMillion), ''],
    ]),
  ];
}

function latency({ latency: result }: Report): string[] {
  const { ingestCores, postgresCores, ingestMemoryBytes } = result;
  const own =
    ingestCores === null || postgresCores === null || ingestMemoryBytes === null
      ? ''
      : `ingest worker ${percent(ingestCores)} of a core, ${megabytes(ingestMemoryBytes)}; ` +
        `Postgres ${percent(postgresCores)}; `;
  return [
    `LATENCY: ${count(result.gateways)} connections, ${number(result.readingsPerSecond)} readings/s ` +
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

function processes({ processes: usage, start }: Report): string[] {
  if (usage === null || start === null) return [];
  return [
    '',
    'MEMORY after all this, and START',
    ...table([
      ['', 'at the end', 'at most'],
      ...roles.map((role) => [
        role,
        megabytes(usage[role].memoryBytes),
        megabytes(usage[role].peakBytes),
      ]),
    ]),
    `start to ready: ${number(start.firstMs / 1_000)} s with a new database ` +
      `(to the first reading stored: ${number(start.firstStoredMs / 1_000)} s), ` +
      `${number(start.againMs / 1_000)} s with the one it had`,
  ];
}

function remains({ processes: usage, sensorPrefix }: Report): string[] {
  if (usage !== null) return [];
  return [
    '',
    'The readings of this run stay in the database. This removes them:',
    `DELETE FROM readings WHERE sensor_id LIKE '${sensorPrefix}%';`,
  ];
}

/** What makes the figures worth less. */
function warnings({ rounds, latency: result, machine, generatorAlonePerSecond }: Report): string[] {
  const found: string[] = [];
  const fastest = Math.max(...rounds.map(({ ingest }) => ingest.readingsPerSecond));
  if (generatorAlonePerSecond < 3 * fastest) {
    found.push('The load generator is hardly faster than zdenergy: it may hold it up.');
  }
  if (result.missing > 0)
    found.push(`${count(result.missing)} readings were never seen committed.`);
  if (result.generatorLateMs > 100) {
    found.push(
      `The load generator was up to ${milliseconds(result.generatorLateMs)} late with its readings: ` +
        'they came in bursts.',
    );
  }
  const others = rounds.flatMap(({ ingest, copy }) => [ingest.coresOfOthers, copy.coresOfOthers]);
  if (others.some((cores) => (cores ?? 0) > quietCores)) {
    found.push(
      'Other programs kept this machine busy: speeds are too low, CPU seconds too high, and the ratio ' +
        'is uncertain. Close them and run again.',
    );
  }
  if (rounds.some(({ copy }) => !copy.checkpointed)) {
    found.push('The database user may not ask for checkpoints, so rounds did not start alike.');
  }
  if (machine.fileSystem === 'tmpfs') {
    found.push('The data were in memory, not on a disk; TMPDIR chooses another place.');
  }
  return found;
}
