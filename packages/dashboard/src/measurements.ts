/**
 * The four things that are measured, in the order in which the page shows them.
 *
 * What always holds: a measurement has one number of decimals wherever it is shown, so that figures
 * stand still while they change.
 */

export type MeasurementKey = 'temp' | 'rh' | 'lux' | 'irradiance';

export interface Measurement {
  /** Its name in the API. */
  readonly key: MeasurementKey;
  readonly name: string;
  readonly unit: string;
  readonly decimals: number;
}

export const measurements: readonly Measurement[] = [
  { key: 'temp', name: 'Temperature', unit: '°C', decimals: 1 },
  { key: 'rh', name: 'Humidity', unit: '%', decimals: 1 },
  { key: 'lux', name: 'Light', unit: 'lx', decimals: 0 },
  { key: 'irradiance', name: 'Irradiance', unit: 'W/m²', decimals: 1 },
];
