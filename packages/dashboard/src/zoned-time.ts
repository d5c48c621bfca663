/**
 * Times in the display's time zone: how they are written, and which instant a day begins at.
 *
 * Plain functions over values. What always holds: the browser's own zone plays no part; a day that
 * begins with a skipped hour begins at the first instant that exists.
 */

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', {
      timeZone: zone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, format);
  }
  return format;
}

/** What the zone's clocks show. */
export interface ClockTime {
  /** `2025-10-02` */
  readonly date: string;
  /** `17:58:37` */
  readonly time: string;
}

export function clockTime(ms: number, zone: string): ClockTime {
  const parts: Record<string, string> = {};
  for (const { type, value } of formatOf(zone).formatToParts(ms)) parts[type] = value;
  const part = (name: string): string => parts[name] ?? '';
  return {
    date: `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}:${part('second')}`,
  };
}

/** `2025-10-02 17:58:37` */
export function formatDateTime(ms: number, zone: string): string {
  const { date, time } = clockTime(ms, zone);
  return `${date} ${time}`;
}

/** The time alone while it is of the same day as now, else with its date. */
export function formatMoment(ms: number, nowMs: number, zone: string): string {
  const { date, time } = clockTime(ms, zone);
  return date === clockTime(nowMs, zone).date ? time : `${date} ${time}`;
}

/** How far the zone's clocks are ahead of UTC, in milliseconds. */
export function zoneOffsetMs(ms: number, zone: string): number {
  const { date, time } = clockTime(ms, zone);
  const wholeMs = Math.floor(ms / 1_000) * 1_000;
  return Date.parse(`${date}T${time}Z`) - wholeMs;
}

/** The instant at which a day, such as `2025-10-02`, begins in the zone. */
export function startOfDayMs(date: string, zone: string): number {
  const localMs = Date.parse(`${date}T00:00:00Z`);
  // The offset on either side of a change: the right one gives back the same day.
  const candidates = [-24, 0, 24].map(
    (hours) => localMs - zoneOffsetMs(localMs + hours * 3_600_000, zone),
  );
  const sorted = candidates.sort((a, b) => a - b);
  return sorted.find((ms) => clockTime(ms, zone).date === date) ?? sorted[0] ?? localMs;
}

/** A day as many days later, by the calendar. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** True for a day of the calendar, written `2025-10-02`. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(ms) && new Date(ms).toISOString().slice(0, 10) === text;
}
