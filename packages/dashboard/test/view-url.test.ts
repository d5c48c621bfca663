/** The page's address: what is written opens the same view again, and nonsense falls back. */
import { parseView, viewQuery, type View } from '../src/view-url.js';

const plain: View = {
  tab: 'readings',
  sensorIds: [],
  range: { kind: 'window', window: '1h' },
  zoom: null,
};

describe('a view and its address', () => {
  test.each<[query: string, view: View]>([
    ['', plain],
    ['?tab=system', { ...plain, tab: 'system' }],
    ['?sensor=a&sensor=b', { ...plain, sensorIds: ['a', 'b'] }],
    ['?sensor=%26+%23%C3%BC%22%3C', { ...plain, sensorIds: ['& #ü"<'] }],
    ['?window=1y', { ...plain, range: { kind: 'window', window: '1y' } }],
    ['?date=2025-10-02', { ...plain, range: { kind: 'day', date: '2025-10-02' } }],
    [
      '?from=2025-10-01&to=2025-10-03',
      { ...plain, range: { kind: 'days', start: '2025-10-01', end: '2025-10-03' } },
    ],
    [
      '?window=7d&zoom=1759400000-1759400060.5',
      {
        ...plain,
        range: { kind: 'window', window: '7d' },
        zoom: { kind: 'zoom', fromMs: 1_759_400_000_000, toMs: 1_759_400_060_500 },
      },
    ],
  ])('%s', (query, view) => {
    expect(parseView(query)).toEqual(view);
    expect(viewQuery(view)).toBe(query);
  });

  test.each<[why: string, query: string, view: View]>([
    ['an unknown tab', '?tab=nowhere', plain],
    ['an unknown window', '?window=3h', plain],
    ['a day that is none', '?date=2025-02-30', plain],
    ['half a range', '?from=2025-10-01', plain],
    ['a zoom that ends before it begins', '?zoom=200-100', plain],
    ['a zoom that is no time', '?zoom=a-b', plain],
    ['an empty sensor', '?sensor=', plain],
    ['a sensor of 101 characters', `?sensor=${'x'.repeat(101)}`, plain],
    ['a sensor twice', '?sensor=a&sensor=a', { ...plain, sensorIds: ['a'] }],
    [
      'a range that ends before it begins',
      '?from=2025-10-03&to=2025-10-01',
      { ...plain, range: { kind: 'days', start: '2025-10-01', end: '2025-10-03' } },
    ],
    ['one bad part', '?sensor=a&date=soon', { ...plain, sensorIds: ['a'] }],
  ])('%s falls back', (_why, query, view) => {
    expect(parseView(query)).toEqual(view);
  });

  test('more than ten sensors are cut to ten', () => {
    const query = Array.from({ length: 12 }, (_, index) => `sensor=s${index}`).join('&');
    expect(parseView(`?${query}`).sensorIds).toHaveLength(10);
  });
});
