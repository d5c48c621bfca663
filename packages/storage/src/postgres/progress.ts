/**
 * How far a journal has come, as the database knows it: the row of table `journals`.
 *
 * What always holds: the row moves only from the position we believe it has, so that of two drains
 * of one journal (an old session that was thought dead, say) one is refused and nothing is stored
 * twice.
 */
import type pg from 'pg';
import type { Checkpoint } from '../journal/checkpoint.js';
import { connect, DatabaseUnavailable, describeDatabaseError } from './connection.js';

interface ProgressRow {
  id: string;
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
  const progress = (await findProgress(client, [saved.journal])).get(saved.journal);
  if (progress === undefined) throw new ProgressMoved();
  return progress;
}

/** The database's rows of these journals, by the journal's id. */
export async function findProgress(
  client: pg.Client,
  journals: readonly string[],
): Promise<Map<string, Checkpoint>> {
  const { rows } = await client.query<ProgressRow>(
    `SELECT id, position, stored, duplicates, rejected, skipped
       FROM journals WHERE id = ANY ($1::uuid[])`,
    [journals],
  );
  return new Map(
    rows.map(({ id, position, stored, duplicates, rejected, skipped }) => [
      id,
      {
        journal: id,
        position: Number(position),
        stored: Number(stored),
        duplicates: Number(duplicates),
        rejected: Number(rejected),
        skipped: Number(skipped),
      },
    ]),
  );
}

/**
 * The database's rows of these journals, asked on a connection of its own.
 * @throws {DatabaseUnavailable} when the database does not answer, or has no tables yet.
 */
export async function askProgress(
  databaseUrl: string,
  journals: readonly string[],
): Promise<Map<string, Checkpoint>> {
  const connection = await connect(databaseUrl, 'zdenergy journal');
  try {
    return await connection.run((client) => findProgress(client, journals));
  } catch (error) {
    throw new DatabaseUnavailable(describeDatabaseError(error, databaseUrl), error);
  } finally {
    await connection.close();
  }
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
