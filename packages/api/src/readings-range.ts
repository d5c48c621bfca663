/** The range of time that `/api/data` is asked for: the last minutes, a day, or some days. */
import type { TimeZone } from '@zdenergy/core';
import type { TimeRange } from '@zdenergy/storage';
import { dayParameter, ParameterRefused, textParameter, type Query } from './query-parameters.js';

/** 366 days. */
const maxWindowMinutes = 527_040;
const minuteMs = 60_000;

/** Undefined: none was asked for. @throws {ParameterRefused} */
export function rangeParameters(
  query: Query,
  zone: TimeZone,
  nowMs: number,
): TimeRange | undefined {
  const ranges = [windowRange(query, nowMs), dateRange(query, zone), daysRange(query, zone)].filter(
    (range) => range !== undefined,
  );
  if (ranges.length > 1) {
    throw new ParameterRefused(
      query['window'] === undefined ? 'date' : 'window',
      'one of window, date, and start_date with end_date; not several',
    );
  }
  return ranges[0];
}

/** Without an end: a gateway's clock may be ahead. */
function windowRange(query: Query, nowMs: number): TimeRange | undefined {
  const expected = `a number of minutes above 0, at most ${maxWindowMinutes}`;
  const text = textParameter(query, 'window', expected);
  if (text === undefined) return undefined;
  const minutes = /^(?:\d{1,6}(?:\.\d{0,9})?|\.\d{1,9})$/.test(text) ? Number(text) : 0;
  if (minutes <= 0 || minutes > maxWindowMinutes) throw new ParameterRefused('window', expected);
  return { fromMs: nowMs - minutes * minuteMs, toMs: Infinity };
}

function dateRange(query: Query, zone: TimeZone): TimeRange | undefined {
  const day = dayParameter(query, 'date', zone);
  return day && { fromMs: day.startMs, toMs: day.endMs };
}

/** Both days included. */
function daysRange(query: Query, zone: TimeZone): TimeRange | undefined {
  const start = dayParameter(query, 'start_date', zone);
  const end = dayParameter(query, 'end_date', zone);
  if (start === undefined && end === undefined) return undefined;
  if (start === undefined) throw new ParameterRefused('start_date', 'a date, with end_date');
  if (end === undefined) throw new ParameterRefused('end_date', 'a date, with start_date');
  if (end.startMs < start.startMs) {
    throw new ParameterRefused('end_date', 'a date that is not before start_date');
  }
  return { fromMs: start.startMs, toMs: end.endMs };
}
