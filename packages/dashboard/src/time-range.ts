/**
 * The spans of time that can be chosen, and which instants they cover.
 *
 * Plain functions over values. What always holds: a window ends now and moves; days begin and end by
 * the clocks of the display's time zone, both of a range included.
 */
import { addDays, startOfDayMs } from './zoned-time.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export const windows = [
  { key: '5min', label: '5 min', name: 'last 5 minutes', lengthMs: 5 * minuteMs },
  { key: '15min', label: '15 min', name: 'last 15 minutes', lengthMs: 15 * minuteMs },
  { key: '30min', label: '30 min', name: 'last 30 minutes', lengthMs: 30 * minuteMs },
  { key: '1h', label: '1 h', name: 'last hour', lengthMs: hourMs },
  { key: '2h', label: '2 h', name: 'last 2 hours', lengthMs: 2 * hourMs },
  { key: '6h', label: '6 h', name: 'last 6 hours', lengthMs: 6 * hourMs },
  { key: '12h', label: '12 h', name: 'last 12 hours', lengthMs: 12 * hourMs },
  { key: '24h', label: '24 h', name: 'last 24 hours', lengthMs: dayMs },
  { key: '7d', label: '7 d', name: 'last 7 days', lengthMs: 7 * dayMs },
  { key: '30d', label: '30 d', name: 'last 30 days', lengthMs: 30 * dayMs },
  { key: '1y', label: '1 y', name: 'last year', lengthMs: 365 * dayMs },
] as const;

export type WindowKey = (typeof windows)[number]['key'];

export type TimeRange =
  | { readonly kind: 'window'; readonly window: WindowKey }
  | { readonly kind: 'day'; readonly date: string }
  | { readonly kind: 'days'; readonly start: string; readonly end: string }
  /** What was dragged in a chart. */
  | { readonly kind: 'zoom'; readonly fromMs: number; readonly toMs: number };

export interface Bounds {
  readonly fromMs: number;
  readonly toMs: number;
}

export const isWindowKey = (text: string | null): text is WindowKey =>
  windows.some(({ key }) => key === text);

function windowOf(key: WindowKey): (typeof windows)[number] {
  return windows.find((window) => window.key === key) ?? windows[3];
}

export function boundsOf(range: TimeRange, nowMs: number, zone: string): Bounds {
  switch (range.kind) {
    case 'window':
      return { fromMs: nowMs - windowOf(range.window).lengthMs, toMs: nowMs };
    case 'day':
      return {
        fromMs: startOfDayMs(range.date, zone),
        toMs: startOfDayMs(addDays(range.date, 1), zone),
      };
    case 'days':
      return {
        fromMs: startOfDayMs(range.start, zone),
        toMs: startOfDayMs(addDays(range.end, 1), zone),
      };
    case 'zoom':
      return { fromMs: range.fromMs, toMs: range.toMs };
    default:
      return range satisfies never;
  }
}

/** Whether readings that come in now belong to it: a window moves, and today is not over yet. */
export function takesReadings(range: TimeRange, nowMs: number, zone: string): boolean {
  if (range.kind === 'window') return true;
  const { fromMs, toMs } = boundsOf(range, nowMs, zone);
  return range.kind !== 'zoom' && fromMs <= nowMs && nowMs < toMs;
}

/** `last hour`, `2025-10-02`, `2025-10-01 to 2025-10-03`; undefined for a zoom, which has its times. */
export function rangeName(range: TimeRange): string | undefined {
  switch (range.kind) {
    case 'window':
      return windowOf(range.window).name;
    case 'day':
      return range.date;
    case 'days':
      return `${range.start} to ${range.end}`;
    case 'zoom':
      return undefined;
    default:
      return range satisfies never;
  }
}
