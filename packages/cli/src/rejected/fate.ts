/**
 * What became of a reading that was sent again, judged by what the database shows.
 *
 * Plain functions over values. What always holds: `duplicate` is only said when the database is
 * known to have accounted for the reading; otherwise it may still become a reject.
 */
import type { RejectedReading } from '@zdenergy/storage';
import { harmless, instant } from '../command/text.js';
import type { Expectation } from './raw-reading.js';

/** What is known of a reading that was sent again. */
export interface Evidence {
  readonly expected: Expectation | undefined;
  /** A reading of this sensor and time was stored before it was sent. */
  readonly wasStored: boolean;
  /** One is stored now. */
  readonly isStored: boolean;
  /** What the connection it was sent on was refused. */
  readonly rejects: readonly RejectedReading[];
  /** The database has accounted for everything that was sent. */
  readonly isSettled: boolean;
}

export type Fate =
  | { readonly kind: 'stored'; readonly expected: Expectation }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'rejected'; readonly id: number; readonly reason: string }
  /** It is durable, and on its way to the database. */
  | { readonly kind: 'waiting'; readonly wasStored: boolean }
  /** Accounted for, but not where it was expected. */
  | { readonly kind: 'unknown' };

export function judgeFate({ expected, wasStored, isStored, rejects, isSettled }: Evidence): Fate {
  const [reject] = rejects;
  if (reject !== undefined) return { kind: 'rejected', id: reject.id, reason: reject.reason };
  if (isStored && !wasStored && expected !== undefined) return { kind: 'stored', expected };
  if (!isSettled) return { kind: 'waiting', wasStored };
  return { kind: wasStored ? 'duplicate' : 'unknown' };
}

/** One line for a person, without the reading's own number. */
export function describeFate(fate: Fate): string {
  switch (fate.kind) {
    case 'stored': {
      const { sensorId, timeUs } = fate.expected;
      const at = timeUs === null ? 'under the time of its receipt' : instant(timeUs / 1_000);
      return `✅ stored: sensor ${harmless(sensorId, false)}, ${at}`;
    }
    case 'duplicate':
      return '✅ a duplicate: the same reading is stored already';
    case 'rejected':
      return `❌ rejected again, as ${fate.id}: ${harmless(fate.reason, false)}`;
    case 'waiting':
      return fate.wasStored
        ? '⚠️ received; one of this sensor and time is stored already: a duplicate, unless it is rejected later'
        : '⚠️ received and safe in the journal, but not in the database yet. Look again later.';
    case 'unknown':
      return '⚠️ accounted for, but not found where it was expected. Look into readings and rejected_readings.';
  }
}

/** Whether the reading is in the database for good. */
export const isStoredFate = ({ kind }: Fate): boolean => kind === 'stored' || kind === 'duplicate';
