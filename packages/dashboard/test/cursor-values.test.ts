/** What a screen reader says of the values under a cursor. */
import { inWords } from '../src/cursor-values.js';
import type { Measurement } from '../src/measurements.js';

const temperature: Measurement = { key: 'temp', name: 'Temperature', unit: '°C', decimals: 1 };
const atMs = Date.parse('2025-10-02T09:58:37Z');
const names = ['roof', 'cellar'];
const zone = 'Asia/Shanghai';
const words = (values: (number | null)[], nowMs = atMs): string =>
  inWords({ atMs, values }, temperature, names, zone, nowMs);

test('the values that there are, and the time by the clocks of the display', () => {
  expect(words([21.54, 8])).toBe('roof: 21.5 °C, cellar: 8.0 °C, at 17:58:37');
  expect(words([null, 8])).toBe('cellar: 8.0 °C, at 17:58:37');
  expect(words([null, null])).toBe('No value, at 17:58:37');
});

test('the date, when it is not today', () => {
  expect(words([1, null], atMs + 86_400_000)).toBe('roof: 1.0 °C, at 2025-10-02 17:58:37');
});

test('nothing without a cursor', () => {
  expect(inWords(undefined, temperature, names, zone, atMs)).toBe('');
});
