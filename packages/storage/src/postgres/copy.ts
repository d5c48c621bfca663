/** COPY in, and what it means when Postgres refuses the data. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { describeError, errorCode } from '@zdenergy/core';
import { copyHeader, copyTrailer } from '../copy-rows.js';

/** COPYs rows, in the format of copy-rows.ts, into `target`: a table with its columns. */
export async function copyRows(
  client: pg.Client,
  target: string,
  rows: readonly Buffer[],
): Promise<void> {
  const stream = client.query(copyFrom(`COPY ${target} FROM STDIN WITH (FORMAT binary)`));
  await pipeline(Readable.from([copyHeader, ...rows, copyTrailer]), stream);
}

/**
 * Whether Postgres refuses the data itself, so that trying again cannot help: SQLSTATE classes 22
 * (data exception), 23 (constraint violation) and 54 (a limit exceeded, such as nesting).
 */
export function isRefusal(error: unknown): boolean {
  if (lacksPartition(error)) return false;
  return /^(22|23|54)[0-9A-Z]{3}$/.test(errorCode(error) ?? '');
}

/** Why Postgres refuses a value, for `rejected_readings`. */
export const describeRefusal = (error: unknown): string =>
  `Postgres refuses it: ${describeError(error)} (${errorCode(error) ?? 'no code'})`;

/**
 * A month's partition went away under us; it is made again with the next connection. A rule of the table
 * that refuses a value has a name, whatever language the server speaks; this has none.
 */
function lacksPartition(error: unknown): boolean {
  if (errorCode(error) !== '23514' || typeof error !== 'object' || error === null) return false;
  return !('constraint' in error) || error.constraint === undefined;
}
