/**
 * Which time is shown: a window that moves, a day, or a range of days.
 *
 * What always holds: days are those of the display's time zone, which stands beside them; no range ends
 * before its start: whichever of the two was chosen last stays, and the other follows it.
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { serverNowMs } from './server-clock.js';
import { windows } from './time-range.js';
import type { View } from './view-url.js';
import { clockTime, isDate } from './zoned-time.js';

type Range = View['range'];

interface RangePickerProps {
  readonly range: Range;
  readonly zone: string;
  readonly onRange: (range: Range) => void;
}

type Kind = Range['kind'];
const kinds: readonly { readonly kind: Kind; readonly label: string }[] = [
  { kind: 'window', label: 'Live' },
  { kind: 'day', label: 'Day' },
  { kind: 'days', label: 'Dates' },
];

export function RangePicker({ range, zone, onRange }: RangePickerProps): JSX.Element {
  const today = clockTime(serverNowMs(), zone).date;
  const ofKind: Readonly<Record<Kind, Range>> = {
    window: range.kind === 'window' ? range : { kind: 'window', window: '1h' },
    day: range.kind === 'days' ? { kind: 'day', date: range.end } : { kind: 'day', date: today },
    days:
      range.kind === 'day'
        ? { kind: 'days', start: range.date, end: range.date }
        : { kind: 'days', start: today, end: today },
  };
  return (
    <fieldset class="range">
      <legend>Time</legend>
      <div class="segments">
        {kinds.map(({ kind, label }) => (
          <label key={kind}>
            <input
              type="radio"
              name="range-kind"
              checked={range.kind === kind}
              onChange={() => onRange(ofKind[kind])}
            />
            <span>{label}</span>
          </label>
        ))}
      </div>
      {range.kind === 'window' && (
        <div class="segments windows" role="group" aria-label="Length of the live window">
          {windows.map(({ key, label, name }) => (
            <label key={key} title={`The ${name}`}>
              <input
                type="radio"
                name="window"
                checked={range.window === key}
                onChange={() => onRange({ kind: 'window', window: key })}
              />
              <span>{label}</span>
            </label>
          ))}
        </div>
      )}
      {range.kind === 'day' && (
        <div class="dates">
          <DateInput
            label={`Day (${zone})`}
            date={range.date}
            onDate={(date) => onRange({ kind: 'day', date })}
          />
        </div>
      )}
      {range.kind === 'days' && (
        <div class="dates">
          <DateInput
            label={`From (${zone})`}
            date={range.start}
            onDate={(start) => onRange({ kind: 'days', start, end: later(start, range.end) })}
          />
          <DateInput
            label={`To, included (${zone})`}
            date={range.end}
            onDate={(end) => onRange({ kind: 'days', start: earlier(range.start, end), end })}
          />
        </div>
      )}
    </fieldset>
  );
}

const earlier = (a: string, b: string): string => (a < b ? a : b);
const later = (a: string, b: string): string => (a > b ? a : b);

interface DateInputProps {
  readonly label: string;
  readonly date: string;
  readonly onDate: (date: string) => void;
}

/** A date field that says a date only when it is one: while it is typed, it often is not. */
export function DateInput({ label, date, onDate }: DateInputProps): JSX.Element {
  const [typed, setTyped] = useState(date);
  useEffect(() => setTyped(date), [date]);
  const take = (text: string): void => {
    setTyped(text);
    // Years such as 0002 are on the way to 2025.
    if (isDate(text) && text >= '1970') onDate(text);
  };
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="date"
        value={typed}
        min="1970-01-01"
        max="2199-12-31"
        onInput={(event) => take(event.currentTarget.value)}
      />
    </label>
  );
}
