/**
 * What the page shows, as the query of its address, so that a link opens the same view again.
 *
 * Plain functions over values. What always holds: parsing what was written gives the same view; what
 * cannot be understood falls back to the default, one part at a time; defaults are not written.
 */
import { isWindowKey, type TimeRange, type WindowKey } from './time-range.js';
import { isDate } from './zoned-time.js';

/** More lines than that nobody can tell apart, and the API's limit. */
export const maxChosenSensors = 10;
const maxIdLength = 100;
const defaultWindow: WindowKey = '1h';
/** Of a zoom: less is narrower than one reading. */
export const minZoomMs = 1_000;

export interface View {
  readonly tab: 'readings' | 'system';
  /** Empty: the sensor that reported last. */
  readonly sensorIds: readonly string[];
  readonly range: Exclude<TimeRange, { kind: 'zoom' }>;
  /** A part of the range that was dragged in a chart. */
  readonly zoom: Extract<TimeRange, { kind: 'zoom' }> | null;
}

export function parseView(query: string): View {
  const params = new URLSearchParams(query);
  const given = params
    .getAll('sensor')
    .filter((id) => id !== '' && [...id].length <= maxIdLength && !id.includes('\0'));
  return {
    tab: params.get('tab') === 'system' ? 'system' : 'readings',
    sensorIds: [...new Set(given)].slice(0, maxChosenSensors),
    range: parseRange(params),
    zoom: parseZoom(params.get('zoom')),
  };
}

function parseRange(params: URLSearchParams): View['range'] {
  const date = params.get('date') ?? '';
  if (isDate(date)) return { kind: 'day', date };
  const [start, end] = [params.get('from') ?? '', params.get('to') ?? ''];
  if (isDate(start) && isDate(end)) {
    return start <= end ? { kind: 'days', start, end } : { kind: 'days', start: end, end: start };
  }
  const window = params.get('window');
  return { kind: 'window', window: isWindowKey(window) ? window : defaultWindow };
}

/** Written in epoch seconds. */
function parseZoom(text: string | null): View['zoom'] {
  const match = /^(\d{1,11}(?:\.\d{1,3})?)-(\d{1,11}(?:\.\d{1,3})?)$/.exec(text ?? '');
  if (match === null) return null;
  const [fromMs, toMs] = [Number(match[1]) * 1_000, Number(match[2]) * 1_000];
  return toMs - fromMs < minZoomMs ? null : { kind: 'zoom', fromMs, toMs };
}

/** With the leading `?`; empty for the default view. */
export function viewQuery({ tab, sensorIds, range, zoom }: View): string {
  const params = new URLSearchParams();
  if (tab !== 'readings') params.set('tab', tab);
  for (const id of sensorIds) params.append('sensor', id);
  if (range.kind === 'day') params.set('date', range.date);
  if (range.kind === 'days') {
    params.set('from', range.start);
    params.set('to', range.end);
  }
  if (range.kind === 'window' && range.window !== defaultWindow) params.set('window', range.window);
  if (zoom !== null) {
    params.set('zoom', `${Math.round(zoom.fromMs) / 1_000}-${Math.round(zoom.toMs) / 1_000}`);
  }
  const query = params.toString();
  return query === '' ? '' : `?${query}`;
}
