/** Which months retention drops. */
import { keptSinceMs, monthsBefore } from '../src/postgres/retention.js';
import { monthOfPartition, partitionName } from '../src/postgres/partitions.js';

const names = ['readings_2024_02', 'readings_2023_12', 'readings_2024_03', 'readings_2024_01'];

it.each([
  { now: '2024-03-31T23:59:59.999Z', days: 0, dropped: ['2023_12', '2024_01', '2024_02'] },
  { now: '2024-04-01T00:00:00Z', days: 0, dropped: ['2023_12', '2024_01', '2024_02', '2024_03'] },
  // A leap year: from 1 March on 29 days ago it was still February.
  { now: '2024-03-29T12:00:00Z', days: 29, dropped: ['2023_12', '2024_01'] },
  { now: '2024-03-30T00:00:00Z', days: 29, dropped: ['2023_12', '2024_01', '2024_02'] },
  { now: '2024-03-02T12:00:00Z', days: 1, dropped: ['2023_12', '2024_01', '2024_02'] },
  { now: '2024-03-01T12:00:00Z', days: 1, dropped: ['2023_12', '2024_01'] },
  // Whole months only: of December the last day counts.
  { now: '2024-12-30T12:00:00Z', days: 365, dropped: [] },
  { now: '2024-12-31T00:00:00Z', days: 365, dropped: ['2023_12'] },
  { now: '2024-03-01T00:00:00Z', days: 36_500, dropped: [] },
])('$days days before $now', ({ now, days, dropped }) => {
  const months = monthsBefore(names, keptSinceMs(Date.parse(now), days));
  expect(months.map(partitionName)).toEqual(dropped.map((month) => `readings_${month}`));
});

it('leaves alone what is no month', () => {
  const others = [
    'readings_2013',
    'readings_2013_13',
    'old_readings_2013_01',
    'readings_2013_01_x',
  ];
  expect(others.map(monthOfPartition)).toEqual(others.map(() => undefined));
  expect(monthsBefore(others, Date.now())).toEqual([]);
});
