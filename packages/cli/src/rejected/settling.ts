/**
 * Knows when the database has accounted for everything that the zdenergy of this machine received.
 *
 * The journals on this disk say how far they go, the database how far it is; once it is as far as
 * they were, all that was sent before is stored, a duplicate or rejected.
 */
import { diskFiles, journalEnd, type RejectedReadings } from '@zdenergy/storage';
import { journalDirectories } from '../command/installation.js';

interface JournalEnd {
  readonly journal: string;
  readonly end: number;
}

/** How far the journals below a directory go by now. */
export async function journalEnds(root: string): Promise<JournalEnd[]> {
  const ends = await Promise.all(
    (await journalDirectories(root)).map((directory) => journalEnd(directory, diskFiles)),
  );
  return ends.filter((end) => end !== undefined);
}

/**
 * Whether the database is as far as the journals were.
 * @throws {Error} when the database does not know one of them.
 */
export async function isAccountedFor(
  ends: readonly JournalEnd[],
  database: RejectedReadings,
): Promise<boolean> {
  const progress = await database.progress(ends.map(({ journal }) => journal));
  return ends.every(({ journal, end }) => {
    const position = progress.get(journal)?.position;
    if (position === undefined) {
      throw new Error(
        `The database does not know the journal ${journal} of this machine's zdenergy. ` +
          'Are DATABASE_URL and DATA_DIR those that zdenergy uses?',
      );
    }
    return position >= end;
  });
}
