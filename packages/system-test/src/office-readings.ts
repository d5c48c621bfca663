/**
 * Real readings: data/office-2015.ndjson, in the gateways' wire format (see data/README.md).
 *
 * What always holds: sums are taken of the file, never of anything that zdenergy has touched.
 */
import { readFileSync } from 'node:fs';

interface WireReading {
  readonly id: string;
  readonly time: string;
  readonly temp: number;
  readonly rh: number;
  readonly lux: number;
}

const file = new URL('../data/office-2015.ndjson', import.meta.url);

const readings = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as WireReading);

export const officeReadingCount = readings.length;

/** One JSON object for each reading, as if this sensor had sent it. */
export function officeObjects(sensorId: string): string[] {
  return readings.map((reading) => JSON.stringify({ ...reading, id: sensorId }));
}

export interface Totals {
  readonly count: number;
  readonly temperature: number;
  readonly humidity: number;
  readonly lux: number;
  readonly first: Date;
  readonly last: Date;
}

/** What the database must hold of the file; its times have no offset and are taken as UTC here. */
export function officeTotals(): Totals {
  const sum = (field: 'temp' | 'rh' | 'lux'): number =>
    readings.reduce((total, reading) => total + reading[field], 0);
  const times = readings.map(({ time }) => Date.parse(`${time.replace(' ', 'T')}Z`));
  return {
    count: readings.length,
    temperature: sum('temp'),
    humidity: sum('rh'),
    lux: sum('lux'),
    first: new Date(Math.min(...times)),
    last: new Date(Math.max(...times)),
  };
}
