/**
 * How far a journal has come, as the database knows it: the row of table `journals`.
 *
 * What always holds: the row moves only from the position we believe it has, so that of two drains
 * of one journal (an old session that was thought dead, say) one is refused and nothing is stored
 * twice.
 */
import type pg from 'pg';
import type { Checkpoint } from '../journal/checkpoint.js';

interface ProgressRow {
  position: string;
  stored: string;
  duplicates: string;
  rejected: string;
  skipped: string;
}

/** Somebody else moved the position; what the database has is to be read again. */
export class ProgressMoved extends Error {
  constructor() {
    super('the journal was drained by another session meanwhile');
    this.name = 'ProgressMoved';
  }
}

/** The database's row; when it has none for this journal, it begins with what the disk knew. */
export async function loadProgress(client: pg.Client, saved: Checkpoint): Promise<Checkpoint> {
  await client.query(
    `INSERT INTO journals (id, position, stored, duplicates, rejected, skipped)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
    [saved.journal, saved.position, saved.stored, saved.duplicates, saved.rejected, saved.skipped],
  );
  const { rows } = await client.query<ProgressRow>(
    'SELECT position, stored, duplicates, rejected, skipped FROM journals WHERE id = $1',
    [saved.journal],
  );
  const [row] = rows;
  if (row === undefined) throw new ProgressMoved();
  return {
    journal: saved.journal,
    position: Number(row.position),
    stored: Number(row.stored),
    duplicates: Number(row.duplicates),
    rejected: Number(row.rejected),
    skipped: Number(row.skipped),
  };
}

/**
 * Moves the row from one checkpoint to the next, inside the transaction that stores what lies between.
 * @throws {ProgressMoved} when the row is not at `from`.
 */
export async function moveProgress(
  client: pg.Client,
  from: Checkpoint,
  to: Checkpoint,
): Promise<void> {
  const moved = await client.query(
    `UPDATE journals
        SET position = $3, stored = $4, duplicates = $5, rejected = $6, skipped = $7,
            updated_at = now()
      WHERE id = $1 AND position = $2`,
    [from.journal, from.position, to.position, to.stored, to.duplicates, to.rejected, to.skipped],
  );
  if (moved.rowCount !== 1) throw new ProgressMoved();
}
