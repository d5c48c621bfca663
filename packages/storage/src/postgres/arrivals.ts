/**
 * Tables that follow `readings`: brought up to date now and then, from the range of `received_at` that
 * arrived since the last time, which a BRIN index finds. Storing readings knows nothing of them, but for
 * one thing: whoever stores what was received a while ago notes the range in `late_arrivals`, for
 * another zdenergy on the same database may have moved the progress beyond it.
 *
 * What always holds: each look is one transaction that also moves the progress, so that none is half
 * done or done twice at once; a look back takes notes away in the transaction that acts on them.
 */
import type pg from 'pg';

/** Each has a row that says in `received_until` how far the looks have come. */
const progressTables = ['rollups_progress', 'sensors_progress'] as const;

/** Ranges that are closer to each other are looked at as one. */
const nearMs = 60_000;

export interface Follower<Result> {
  /** Of several processes that look at once, one does. */
  readonly lockKey: number;
  readonly progressTable: (typeof progressTables)[number];
  /** What a statement of a look gets. */
  readonly statementTimeoutMs?: number;
  /**
   * Takes in what was received in a range, its end included; again, it changes nothing. The table
   * accounts for what was received until `accountedMs`, then.
   */
  readonly takeIn: (
    client: pg.Client,
    fromMs: number,
    untilMs: number,
    accountedMs: number,
  ) => Promise<Result>;
}

interface Range {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * Takes in what was received since the last look, at most `windowMs` of it and nothing after
 * `completeUntilMs`, until when everything received is in the database; then what has come late, as
 * much of it. Null: another process looks.
 */
export async function lookAtArrivals<Result>(
  client: pg.Client,
  follower: Follower<Result>,
  completeUntilMs: number,
  windowMs: number,
): Promise<{ readonly untilMs: number; readonly result: Result } | null> {
  await summarizeArrivals(client);
  const look = await inLook(client, follower, () =>
    lookAhead(client, follower, completeUntilMs, windowMs),
  );
  if (look === null) return null;
  const lateFromMs = await inLook(client, follower, () => lookBack(client, follower, windowMs));
  return { ...look, untilMs: Math.min(look.untilMs, lateFromMs ?? Infinity) };
}

/** Runs a look in a transaction; null: another process looks. */
async function inLook<Result>(
  client: pg.Client,
  { lockKey, statementTimeoutMs }: Follower<unknown>,
  look: () => Promise<Result>,
): Promise<Result | null> {
  await client.query('BEGIN');
  try {
    // What a crash takes away of this is found again by the next look.
    await client.query('SET LOCAL synchronous_commit = off');
    // The planner has no statistics on what has only just come.
    await client.query('SET LOCAL enable_seqscan = off');
    if (statementTimeoutMs !== undefined) {
      await client.query(`SET LOCAL statement_timeout = ${statementTimeoutMs}`);
    }
    const { rows } = await client.query<{ isMine: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1) AS "isMine"',
      [lockKey],
    );
    const result = rows[0].isMine ? await look() : null;
    await client.query('COMMIT');
    return result;
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
  return progressMs(client, { progressTable });
}

/**
 * Notes, in the transaction that stores them, that readings are stored a while after they were
 * received; microseconds since 1970.
 */
export async function noteLateArrivals(
  client: pg.Client,
  fromUs: number,
  untilUs: number,
): Promise<void> {
  await client.query(
    `INSERT INTO late_arrivals (progress_table, received_from, received_until)
     SELECT name, to_timestamp($2::float8), to_timestamp($3::float8)
       FROM unnest($1::text[]) AS name`,
    [[...progressTables], fromUs / 1e6, untilUs / 1e6],
  );
}

async function progressMs(
  client: pg.Client,
  { progressTable }: Pick<Follower<unknown>, 'progressTable'>,
): Promise<number> {
  const { rows } = await client.query<{ untilMs: number }>(
    `SELECT (extract(epoch FROM received_until) * 1000)::float8 AS "untilMs" FROM ${progressTable}`,
  );
  return rows[0].untilMs;
}

async function lookAhead<Result>(
  client: pg.Client,
  follower: Follower<Result>,
  completeUntilMs: number,
  windowMs: number,
): Promise<{ readonly untilMs: number; readonly result: Result }> {
  const { progressTable, takeIn } = follower;
  // Further than is complete now, when a worker came back with readings that had waited in its
  // journal, or the clock was set back.
  const fromMs = Math.min(await progressMs(client, follower), completeUntilMs);
  const untilMs = Math.min(fromMs + windowMs, completeUntilMs);
  const result = await takeIn(client, fromMs, untilMs, untilMs);
  await client.query(`UPDATE ${progressTable} SET received_until = to_timestamp($1)`, [
    untilMs / 1_000,
  ]);
  return { untilMs, result };
}

/** Takes in what came after looks had passed it; returns from where on some is left, if it is. */
async function lookBack(
  client: pg.Client,
  follower: Follower<unknown>,
  windowMs: number,
): Promise<number> {
  const { progressTable, takeIn } = follower;
  const { rows } = await client.query<Range>(
    `WITH noted AS (DELETE FROM late_arrivals WHERE progress_table = $1 RETURNING *)
     SELECT (extract(epoch FROM received_from) * 1000)::float8 AS "fromMs",
            (extract(epoch FROM received_until) * 1000)::float8 AS "untilMs"
       FROM noted ORDER BY received_from`,
    [progressTable],
  );
  if (rows.length === 0) return Infinity;
  const accountedMs = await progressMs(client, follower);
  const [first, ...rest] = joined(rows, accountedMs);
  if (first === undefined) return Infinity;
  const untilMs = Math.min(first.fromMs + windowMs, first.untilMs);
  await takeIn(client, first.fromMs, untilMs, accountedMs);
  if (untilMs < first.untilMs) rest.unshift({ fromMs: untilMs, untilMs: first.untilMs });
  for (const left of rest) {
    await client.query(
      `INSERT INTO late_arrivals (progress_table, received_from, received_until)
       VALUES ($1, to_timestamp($2), to_timestamp($3))`,
      [progressTable, left.fromMs / 1_000, left.untilMs / 1_000],
    );
  }
  return rest[0]?.fromMs ?? Infinity;
}

/**
 * Ranges, given by their start, as few that are apart. What lies beyond `accountedMs` is left out:
 * looks have yet to come there.
 */
function joined(ranges: readonly Range[], accountedMs: number): Range[] {
  const apart: Range[] = [];
  for (const range of ranges) {
    // A range that is looked at does not include its start.
    const fromMs = range.fromMs - 1;
    const untilMs = Math.min(range.untilMs, accountedMs);
    const last = apart.at(-1);
    if (fromMs >= untilMs) continue;
    if (last !== undefined && fromMs <= last.untilMs + nearMs) {
      apart[apart.length - 1] = {
        fromMs: last.fromMs,
        untilMs: Math.max(last.untilMs, untilMs),
      };
    } else {
      apart.push({ fromMs, untilMs });
    }
  }
  return apart;
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
