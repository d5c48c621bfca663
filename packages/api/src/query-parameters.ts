/**
 * Parameters of a question, read one by one.
 *
 * What always holds: a wrong one is refused by name, with what was expected; one that is given twice,
 * where one is meant, is wrong.
 */
import { localTimeUs, maxSensorIdCharacters, textFlaw, type TimeZone } from '@zdenergy/core';
import { calendarDay, type CalendarDay } from './calendar-day.js';

/** A parameter that is wrong; the message names it. */
export class ParameterRefused extends Error {
  constructor(name: string, expected: string) {
    super(`${name}: expected ${expected}`);
    this.name = 'ParameterRefused';
  }
}

export type Query = Readonly<Record<string, unknown>>;

/** Undefined when it is not given. @throws {ParameterRefused} */
export function textParameter(query: Query, name: string, expected: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new ParameterRefused(name, `${expected}, once`);
}

/** @throws {ParameterRefused} */
export function countParameter(
  query: Query,
  name: string,
  [least, most, usual]: readonly [number, number, number],
): number {
  const expected = `a whole number from ${least} to ${most}`;
  const value = textParameter(query, name, expected);
  if (value === undefined) return usual;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) throw new ParameterRefused(name, expected);
  return number;
}

const anId = `the id of a sensor (1 to ${maxSensorIdCharacters} characters)`;

/** @throws {ParameterRefused} */
export function sensorParameter(query: Query): string | undefined {
  const value = textParameter(query, 'sensor_id', anId);
  if (value !== undefined) checkSensorId(value);
  return value;
}

/** Each once, in the order in which they were given. @throws {ParameterRefused} */
export function sensorsParameter(
  query: Query,
  [least, most]: readonly [least: 0 | 1, most: number],
): string[] {
  const value = query['sensor_id'] ?? [];
  const ids = [...new Set<unknown>(Array.isArray(value) ? value : [value])];
  const expected = `${least} to ${most} ids of sensors, each as sensor_id=ID`;
  if (ids.length < least || ids.length > most) throw new ParameterRefused('sensor_id', expected);
  return ids.map((id) => {
    if (typeof id !== 'string') throw new ParameterRefused('sensor_id', expected);
    checkSensorId(id);
    return id;
  });
}

function checkSensorId(id: string): void {
  if (id === '' || !isPartOfId(id)) throw new ParameterRefused('sensor_id', anId);
}

/** Empty when it is not given. @throws {ParameterRefused} when it can be in no sensor's id. */
export function idPartParameter(query: Query, name: string, expected: string): string {
  const value = textParameter(query, name, expected) ?? '';
  if (!isPartOfId(value)) throw new ParameterRefused(name, expected);
  return value;
}

const isPartOfId = (text: string): boolean =>
  [...text].length <= maxSensorIdCharacters && textFlaw(text) === undefined;

/** Undefined when it is not given, or empty. @throws {ParameterRefused} */
export function choiceParameter<Choice extends string>(
  query: Query,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const expected = choices.join(', ');
  const value = textParameter(query, name, expected) ?? '';
  if (value === '') return undefined;
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw new ParameterRefused(name, expected);
  return choice;
}

/** @throws {ParameterRefused} */
export function dayParameter(query: Query, name: string, zone: TimeZone): CalendarDay | undefined {
  const expected = 'a date such as 2025-10-02';
  const text = textParameter(query, name, expected);
  if (text === undefined) return undefined;
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  const localUs = localTimeUs(Number(year), Number(month), Number(day), 0, 0, 0);
  // Of a year below 100 JavaScript thinks another.
  if (year === undefined || Number(year) < 100 || localUs === undefined) {
    throw new ParameterRefused(name, expected);
  }
  return calendarDay(localUs / 1_000, zone);
}

const written = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i;

/** Milliseconds since 1970. @throws {ParameterRefused} also when it is not given. */
export function instantParameter(query: Query, name: string): number {
  const expected = 'a time such as 2025-10-02T17:58:37Z, or seconds since 1970';
  const text = textParameter(query, name, expected) ?? '';
  if (/^-?\d{1,11}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1_000;
  const hasOffset = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) && text.length > 10;
  const iso = text.replace(' ', 'T');
  const ms = written.test(text)
    ? Date.parse(hasOffset || iso.length === 10 ? iso : `${iso}Z`)
    : Number.NaN;
  if (Number.isNaN(ms)) throw new ParameterRefused(name, expected);
  return ms;
}
