/**
 * What the database last said of this journal, kept beside it: a copy for when the database is away.
 *
 * The truth is in the database, where position and counts are committed with the rows. What always
 * holds here as there: position = stored + duplicates + rejected + skipped.
 */
import type * as zod from 'zod';
import { z } from '@zdenergy/core';
import { replaceFile, type Files } from './files.js';

export const checkpointName = 'checkpoint.json';

const checkpoint = z.object({
  /** The journal's id, a UUID. */
  journal: z.uuid(),
  /** The sequence number of the next item to go to the database. */
  position: z.int().nonnegative(),
  stored: z.int().nonnegative(),
  duplicates: z.int().nonnegative(),
  rejected: z.int().nonnegative(),
  /** Sequence numbers that were jumped over, and never used. */
  skipped: z.int().nonnegative(),
});

export type Checkpoint = Readonly<zod.infer<typeof checkpoint>>;

export const emptyCheckpoint = (journal: string): Checkpoint => ({
  journal,
  position: 0,
  stored: 0,
  duplicates: 0,
  rejected: 0,
  skipped: 0,
});

/** The checkpoint of a journal's directory; undefined when there is none that can be read. */
export async function readCheckpoint(
  files: Files,
  directory: string,
): Promise<Checkpoint | undefined> {
  const bytes = await files.readAll(`${directory}/${checkpointName}`);
  if (bytes === undefined) return undefined;
  try {
    return checkpoint.parse(JSON.parse(bytes.toString()));
  } catch {
    // Damaged: the segments' headers know the id, and the database the position.
    return undefined;
  }
}

export async function writeCheckpoint(
  files: Files,
  directory: string,
  value: Checkpoint,
): Promise<void> {
  await replaceFile(files, directory, checkpointName, Buffer.from(JSON.stringify(value) + '\n'));
}
