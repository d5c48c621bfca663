/** The arguments of `npm run import`. What always holds: the database's URL is never repeated. */
import { isTimeZone, maxSensorIdCharacters } from '@zdenergy/core';
import { readCommandLine, wholeNumber } from '../command/arguments.js';
import { isMapped, type Mapped } from './columns.js';

export interface Options {
  /** CSV files; with none of them the table. */
  readonly files: readonly string[];
  readonly table: { readonly url: string; readonly name: string } | undefined;
  readonly timeZone: string | undefined;
  readonly sensor: string | undefined;
  readonly columns: ReadonlyMap<Mapped, string>;
  readonly maxRefused: number;
  readonly isTrial: boolean;
  readonly again: boolean;
}

export type ParsedArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] }
  | { readonly kind: 'run'; readonly options: Options };

const names = {
  from: 'value',
  table: 'value',
  timezone: 'value',
  sensor: 'value',
  column: 'value',
  'max-refused': 'value',
  'dry-run': 'switch',
  again: 'switch',
  help: 'switch',
} as const;

const defaultTable = 'sensor_readings';
const defaultMaxRefused = 1_000;

export function parseArguments(args: readonly string[]): ParsedArguments {
  const { words: files, given, problems } = readCommandLine(args, names);
  if (given.has('help')) return { kind: 'help' };
  const url = given.get('from');
  if ((url === undefined) === (files.length === 0)) {
    problems.push('say what to import: --from postgres://…, or CSV files');
  }
  if (url !== undefined && !(/^postgres(ql)?:\/\//.test(url) && URL.canParse(url))) {
    problems.push('--from (not shown): expected postgres://USER:PASSWORD@HOST:PORT/DATABASE');
  }
  if (given.has('table') && url === undefined) problems.push('--table: only with --from');
  const timeZone = given.get('timezone');
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    problems.push(`--timezone ${timeZone}: expected a name such as UTC or Europe/Berlin`);
  }
  const sensor = given.get('sensor');
  if (sensor !== undefined && (sensor === '' || [...sensor].length > maxSensorIdCharacters)) {
    problems.push(`--sensor: expected 1 to ${maxSensorIdCharacters} characters`);
  }
  const refused = given.get('max-refused') ?? String(defaultMaxRefused);
  const maxRefused = wholeNumber(refused, 0, Number.MAX_SAFE_INTEGER);
  if (maxRefused === undefined) problems.push(`--max-refused ${refused}: expected a whole number`);
  const columns = columnsOf(given.get('column'), problems);
  if (problems.length > 0) return { kind: 'wrong', problems };
  return {
    kind: 'run',
    options: {
      files,
      table: url === undefined ? undefined : { url, name: given.get('table') ?? defaultTable },
      timeZone,
      sensor,
      columns,
      maxRefused: maxRefused ?? defaultMaxRefused,
      isTrial: given.has('dry-run'),
      again: given.has('again'),
    },
  };
}

/** `time=recorded,lux=light` */
function columnsOf(text: string | undefined, problems: string[]): Map<Mapped, string> {
  const columns = new Map<Mapped, string>();
  for (const pair of text?.split(',') ?? []) {
    const [, field = '', name = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
    if (isMapped(field) && name !== '') columns.set(field, name);
    else {
      problems.push(
        `--column ${pair}: expected FIELD=NAME, where FIELD is sensor, time, temperature, humidity, ` +
          'lux, irradiance or id',
      );
    }
  }
  return columns;
}

export const helpText = `Moves readings in from the old server: its table, or its CSV exports.

npm run import -- --from postgres://USER@HOST/DATABASE --timezone Europe/Berlin --dry-run
npm run import -- --from postgres://USER@HOST/DATABASE --timezone Europe/Berlin
npm run import -- readings.csv more.csv --timezone Europe/Berlin

  --from URL          The old server's Postgres; a password may be in PGPASSWORD instead
  --table NAME        Its table (${defaultTable})
  --timezone ZONE     Of times without an offset: the zone that the old server's clock showed
  --sensor ID         The only sensor, where the source names none
  --column F=NAME,…   Which column is which: sensor, time, temperature, humidity, lux, irradiance, id
  --max-refused N     Stop when more rows than that are refused (${defaultMaxRefused})
  --dry-run           Only say what would happen; conflicts within the source itself are not seen
  --again             Read from the start, also what was read before
  --help              Show this

It may run beside zdenergy, and be stopped at any time: the same command goes on where it stood. A
reading that is stored already is a duplicate; one that differs from what is stored, and a row that
cannot be read, go to rejected_readings. Nothing is changed in the source.
Exit code: 0 when all rows are stored or duplicates, 1 when some were refused, 2 when it could not go
on, 64 for wrong arguments, 130 after Ctrl-C.`;
