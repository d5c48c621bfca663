/**
 * The kind of each reason for which something that a gateway sent is rejected, for statistics.
 *
 * What always holds: there are only so many kinds, whatever gateways send; every reason has one.
 */
import type { RejectKind } from '@zdenergy/core';

/** Those that reading a stream can have; the database has others. */
export type InputRejectKind = Exclude<RejectKind, 'conflict' | 'refused_by_database' | 'lost'>;

/** A reason may quote what was sent, in the end, or begin with the name of a field. The first that fits counts. */
const wordings: readonly (readonly [RegExp, InputRejectKind])[] = [
  [/^no JSON object: /, 'not_json'],
  [/^the connection ended in the middle of an object$/, 'cut_off'],
  [/^larger than \d+ bytes \(MAX_FRAME_BYTES\)$/, 'too_large'],
  [/^too many unfinished objects: /, 'too_large'],
  [/^it is not valid UTF-8$/, 'not_utf8'],
  [/^it has neither a measurement nor any other field$/, 'empty'],
  [
    /^id (is neither a text nor a number|is empty|contains (a NUL character|half a surrogate pair))$/,
    'bad_id',
  ],
  [/^id has \d+ characters; /, 'bad_id'],
  [/^(temp|rh|lux|irradiance) is (not|too large) a number/, 'bad_measurement'],
];

/** @param reason as it goes to `rejected_readings`. */
export function rejectKind(reason: string): InputRejectKind {
  // What is left are fields with names of their own.
  return wordings.find(([wording]) => wording.test(reason))?.[1] ?? 'bad_field';
}

export const noRejects = (): Record<InputRejectKind, number> => ({
  not_json: 0,
  cut_off: 0,
  too_large: 0,
  not_utf8: 0,
  bad_id: 0,
  bad_measurement: 0,
  bad_field: 0,
  empty: 0,
});
