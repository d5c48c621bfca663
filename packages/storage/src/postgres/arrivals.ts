/**
 * Tables that follow `readings`: brought up to date now and then, from the range of `received_at` that
 * arrived since the last time, which a BRIN index finds. Storing readings knows nothing of them.
 *
 * What always holds: each look is one transaction that also moves the progress, so that none is half
 * done or done twice at once.
 */
import type pg from 'pg';

export interface Follower<Result> {
  /** Of several processes that look at once, one does. */
  readonly lockKey: number;
  /** Its row says in `received_until` how far the looks have come. */
  readonly progressTable: string;
  /** What a statement of a look gets. */
  readonly statementTimeoutMs?: number;
  /** Takes in what was received in a range, its end included; again, it changes nothing. */
  readonly takeIn: (client: pg.Client, fromMs: number, untilMs: number) => Promise<Result>;
}

/**
 * Takes in what was received since the last look, at most `windowMs` of it and nothing after
 * `completeUntilMs`, until when everything received is in the database. Null: another process looks.
 */
export async function lookAtArrivals<Result>(
  client: pg.Client,
  follower: Follower<Result>,
  completeUntilMs: number,
  windowMs: number,
): Promise<{ readonly untilMs: number; readonly result: Result } | null> {
  await summarizeArrivals(client);
  await client.query('BEGIN');
  try {
    // What a crash takes away of this is found again by the next look.
    await client.query('SET LOCAL synchronous_commit = off');
    // The planner has no statistics on what has only just come.
    await client.query('SET LOCAL enable_seqscan = off');
    const { statementTimeoutMs } = follower;
    if (statementTimeoutMs !== undefined) {
      await client.query(`SET LOCAL statement_timeout = ${statementTimeoutMs}`);
    }
    const look = await lookInTransaction(client, follower, completeUntilMs, windowMs);
    await client.query('COMMIT');
    return look;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * Keeps the follower from looking until the transaction ends; waits for a look that is under way.
 * Returns until when it accounts for what was received, milliseconds since 1970: whoever stores
 * readings with an earlier `received_at` has to account for them in the same transaction.
 */
export async function holdFollower(
  client: pg.Client,
  { lockKey, progressTable }: Pick<Follower<unknown>, 'lockKey' | 'progressTable'>,
): Promise<number> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [lockKey]);
  const { rows } = await client.query<{ untilMs: number }>(
    `SELECT (extract(epoch FROM received_until) * 1000)::float8 AS "untilMs" FROM ${progressTable}`,
  );
  return rows[0].untilMs;
}

async function lookInTransaction<Result>(
  client: pg.Client,
  { lockKey, progressTable, takeIn }: Follower<Result>,
  completeUntilMs: number,
  windowMs: number,
): Promise<{ readonly untilMs: number; readonly result: Result } | null> {
  const { rows } = await client.query<{ fromMs: number }>(
    `SELECT (extract(epoch FROM received_until) * 1000)::float8 AS "fromMs"
       FROM ${progressTable} WHERE pg_try_advisory_xact_lock($1)`,
    [lockKey],
  );
  if (rows.length === 0) return null;
  // Further than is complete now, when a worker came back with readings that had waited in its
  // journal, or the clock was set back.
  const fromMs = Math.min(rows[0].fromMs, completeUntilMs);
  const untilMs = Math.min(fromMs + windowMs, completeUntilMs);
  const result = await takeIn(client, fromMs, untilMs);
  await client.query(`UPDATE ${progressTable} SET received_until = to_timestamp($1)`, [
    untilMs / 1_000,
  ]);
  return { untilMs, result };
}

/**
 * Tells the BRIN indexes of pages filled since the last time; until VACUUM does, which may be a fifth
 * of a month later, each search would read them all. Where VACUUM is at work this waits for
 * the next time, since a long wait would end the VACUUM.
 */
async function summarizeArrivals(client: pg.Client): Promise<void> {
  await client.query(`
    SET lock_timeout = '50ms';
    DO $$
    DECLARE part regclass;
    BEGIN
      FOR part IN SELECT inhrelid FROM pg_inherits
                   WHERE inhparent IN ('readings_received_at'::regclass, 'readings_time'::regclass)
      LOOP
        BEGIN
          PERFORM brin_summarize_new_values(part);
        EXCEPTION WHEN lock_not_available THEN NULL;
        END;
      END LOOP;
    END $$;
    RESET lock_timeout`);
}
