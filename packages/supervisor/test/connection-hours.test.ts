import { ConnectionHours } from '../src/connection-hours.js';

const hour = 3_600_000;
/** 12:30. */
const noon = Date.UTC(2025, 9, 2, 12, 30);
const counts = (opened: number, closed: number) => ({ opened, closed, open: opened - closed });
/** The counts of the last hours that are given, behind zeros. */
const last = (...numbers: number[]): number[] => [
  ...Array<number>(24 - numbers.length).fill(0),
  ...numbers,
];

describe('ConnectionHours', () => {
  it('counts in the hour in which it heard of it, 24 hours long', () => {
    const hours = new ConnectionHours();
    hours.report(counts(5, 1), noon);
    hours.report(counts(7, 1), noon + 0.4 * hour);
    hours.report(counts(7, 4), noon + 0.6 * hour);
    expect(hours.perHour(noon + 0.7 * hour)).toEqual({ opened: last(7, 0), closed: last(1, 3) });
    expect(hours.perHour(noon + 23 * hour)).toEqual({
      opened: [7, ...Array<number>(23).fill(0)],
      closed: [1, 3, ...Array<number>(22).fill(0)],
    });
    expect(hours.perHour(noon + 25 * hour)).toEqual({ opened: last(), closed: last() });
  });

  it('goes on when the process is another, with the connections of the old one closed', () => {
    const hours = new ConnectionHours();
    hours.report(counts(10, 4), noon);
    hours.ended(noon);
    hours.ended(noon);
    hours.report(counts(2, 0), noon);
    hours.report(counts(3, 1), noon);
    expect(hours.perHour(noon)).toEqual({ opened: last(13), closed: last(11) });
  });

  it('loses nothing within the day when the clock is set, and takes no more memory', () => {
    const hours = new ConnectionHours();
    hours.report(counts(1, 0), noon);
    hours.report(counts(2, 0), noon - 3 * hour);
    expect(hours.perHour(noon)).toEqual({ opened: last(1, 0, 0, 1), closed: last() });
    expect(hours.perHour(noon - 3 * hour).opened).toEqual(last(1));
  });
});
