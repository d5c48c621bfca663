/** What a reject tells before it is sent again: whether it can be, and where it would be stored. */
import {
  FieldRefused,
  isPlausibleTime,
  sensorId,
  sentTimeUs,
  type Settings,
  type TimeZone,
} from '@zdenergy/core';
import type { RejectedReading } from '@zdenergy/storage';
import { isImportOrigin } from '../import/origin.js';

/** Where a reading is stored when it is taken. */
export interface Expectation {
  readonly sensorId: string;
  /** Microseconds since 1970; null: the time of receipt stands in for the sent one. */
  readonly timeUs: number | null;
}

/** Why a reject cannot be sent again; undefined when it can. */
export function replayHindrance({
  peer,
  raw,
}: Pick<RejectedReading, 'peer' | 'raw'>): string | undefined {
  if (isImportOrigin(peer)) {
    // Its fields are named as in the source: a gateway's reading of them would be another one.
    return 'it came from an import: mend what the reason says, and run the import again (--again)';
  }
  if (/… \(\d+ bytes more\)$/.test(raw)) {
    return 'it was too large, and only its beginning was kept';
  }
  // What begins with no brace is passed over as noise, and never accounted for.
  return raw.includes('{') ? undefined : 'there is no object in it';
}

/**
 * Where the reading in a raw text will be stored if it is taken, by the same rules as when it is
 * received; undefined when no rule tells, since it will be refused again.
 */
export function expectation(
  raw: string,
  zone: TimeZone,
  nowUs: number,
  { clockSkewFutureMs }: Pick<Settings, 'clockSkewFutureMs'>,
): Expectation | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(raw);
  } catch {
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { id, time } = fields as { id?: unknown; time?: unknown };
  try {
    const timeUs = sentTimeUs(time, zone);
    const isKept = timeUs !== undefined && isPlausibleTime(timeUs, nowUs, clockSkewFutureMs);
    return { sensorId: sensorId(id, String(id)), timeUs: isKept ? timeUs : null };
  } catch (error) {
    if (error instanceof FieldRefused) return undefined;
    throw error;
  }
}
