/** All figures of a run, and their text for people. */
import type { Machine } from './machine.js';
import type { PartName } from './part-names.js';
import { verdictLines, type Verdict } from './verdicts.js';

export interface PartReport {
  readonly name: PartName;
  /** How long it took, starting and stopping included. */
  readonly seconds: number;
  readonly result: object;
  readonly lines: readonly string[];
}

export interface Report {
  /** When the run began, ISO 8601. */
  readonly date: string;
  /** Null when nothing could be measured. */
  readonly machine: Machine | null;
  /** Measured from outside: then the readings stay in the database. */
  readonly isOutside: boolean;
  /** What the ids of all sensors start with. */
  readonly sensorPrefix: string;
  readonly parts: readonly PartReport[];
  /** Those that cannot be measured from outside, and why. */
  readonly skipped: readonly { readonly name: PartName; readonly why: string }[];
  /** Those that could not be measured, and why. */
  readonly failed: readonly { readonly name: PartName; readonly problem: string }[];
  readonly targets: readonly Verdict[];
  readonly warnings: readonly string[];
}

/** For the file: the figures of each part by its name, and no text for people. */
export function reportJson({ parts, ...report }: Report): string {
  const results = Object.fromEntries(
    parts.map(({ name, seconds, result }) => [name, { measuredInSeconds: seconds, ...result }]),
  );
  return `${JSON.stringify({ ...report, parts: results }, null, 2)}\n`;
}

export function describeReport(report: Report): string {
  const { parts, targets, skipped, failed } = report;
  return [
    ...title(report),
    ...parts.flatMap(({ lines }) => ['', ...lines]),
    ...(skipped.length === 0 ? [] : ['']),
    ...skipped.map(({ name, why }) => `not measured from outside: ${name} (${why})`),
    ...remains(report),
    ...(targets.length === 0 ? [] : ['', ...verdictLines(targets)]),
    ...warnings(report).map((warning) => `\n⚠️ ${warning}`),
    ...failed.map(({ name, problem }) => `\n❌ ${name} could not be measured: ${problem}`),
  ].join('\n');
}

function title({ date, machine, isOutside }: Report): string[] {
  const heading = `zdenergy benchmark, ${date.slice(0, 16).replace('T', ' ')} UTC`;
  if (machine === null) return [heading];
  const { postgres } = machine;
  const settings = Object.entries(postgres.settings).map(([name, value]) => `${name} ${value}`);
  const where = machine.fileSystem === null ? '' : `, data on ${machine.fileSystem}`;
  return [
    heading,
    `machine    ${machine.cores} cores (${machine.processor}), ${Math.round(machine.memoryBytes / 1e9)} GB, ` +
      `${machine.system}${where}`,
    `programs   Node ${machine.node}, Postgres ${postgres.version}` +
      (isOutside ? ', measured from outside' : ''),
    `Postgres   ${settings.join(', ')}`,
  ];
}

function remains({ isOutside, sensorPrefix }: Report): string[] {
  if (!isOutside) return [];
  return [
    '',
    'The readings of this run stay in the database. This removes them:',
    `DELETE FROM readings WHERE sensor_id LIKE '${sensorPrefix}%';`,
  ];
}

/** What makes the figures worth less. */
function warnings({ warnings: found, machine }: Report): readonly string[] {
  return machine?.fileSystem === 'tmpfs'
    ? [...found, 'The data were in memory, not on a disk; TMPDIR chooses another place.']
    : found;
}
