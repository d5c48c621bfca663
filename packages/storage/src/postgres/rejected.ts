/**
 * A session on `rejected_readings`: what was refused, and what it takes to send it again.
 *
 * What always holds: rows are only marked, never changed otherwise or deleted; it sees what is
 * committed, as any other session would. Errors are fit for a person.
 */
import type pg from 'pg';
import type { Checkpoint } from '../journal/checkpoint.js';
import { connect, DatabaseUnavailable, describeDatabaseError } from './connection.js';
import { findProgress } from './progress.js';

export interface RejectedReading {
  readonly id: number;
  readonly rejectedAt: Date;
  /** Address and port of the gateway. */
  readonly peer: string;
  readonly reason: string;
  readonly raw: string;
  /** When it was last sent again; null: never. */
  readonly replayedAt: Date | null;
}

/** A reading that may be stored: of this sensor, at this time (microseconds since 1970). */
export interface ReadingKey {
  readonly sensorId: string;
  readonly timeUs: number;
}

/** Readings that were stored under the time of their receipt, from one time to another. */
export interface ReceiptKey {
  readonly sensorId: string;
  readonly fromUs: number;
  readonly toUs: number;
}

export interface RejectedReadings {
  /** How many there are whose reason contains the text; all with an empty text. */
  count(reason: string): Promise<number>;
  /** The newest ones first; of each raw text the first characters only. */
  newest(reason: string, limit: number, rawCharacters: number): Promise<RejectedReading[]>;
  /** Those with these ids, the oldest first. */
  find(ids: readonly number[]): Promise<RejectedReading[]>;
  /** The id of the newest one; 0 when there is none. */
  newestId(): Promise<number>;
  /** Ids above `after` and up to `upTo`, ascending: of those not replayed yet, or of all. */
  idsToReplay(
    reason: string,
    includeReplayed: boolean,
    after: number,
    upTo: number,
    limit: number,
  ): Promise<number[]>;
  /** The rejects, of those with an id above `after`, that came from these peers. */
  rejectedFrom(peers: readonly string[], after: number): Promise<RejectedReading[]>;
  /** Whether a reading is stored, for each key. */
  areStored(keys: readonly ReadingKey[]): Promise<boolean[]>;
  /** Whether a reading is stored that got the time of its receipt, for each key. */
  areStoredOnReceipt(keys: readonly ReceiptKey[]): Promise<boolean[]>;
  /** How far the journals have been stored, by the journal's id. */
  progress(journals: readonly string[]): Promise<Map<string, Checkpoint>>;
  markReplayed(ids: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

interface Row {
  id: string;
  rejectedAt: Date;
  peer: string;
  reason: string;
  raw: string;
  replayedAt: Date | null;
}

const columns = (raw: string): string =>
  `id, rejected_at AS "rejectedAt", peer, reason, ${raw} AS raw, replayed_at AS "replayedAt"`;
const reasonMatches = 'strpos(lower(reason), lower($1)) > 0';
const instant = (us: string): string => `timestamptz 'epoch' + ${us} * interval '1 microsecond'`;

/** @throws {DatabaseUnavailable} */
export async function openRejectedReadings(databaseUrl: string): Promise<RejectedReadings> {
  const connection = await connect(databaseUrl, 'zdenergy rejected');
  const run = async <Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
    try {
      return await connection.run(work);
    } catch (error) {
      throw new DatabaseUnavailable(describeDatabaseError(error, databaseUrl), error);
    }
  };
  const rejects = (sql: string, values: unknown[]): Promise<RejectedReading[]> =>
    run(async (client) =>
      (await client.query<Row>(sql, values)).rows.map((row) => ({ ...row, id: Number(row.id) })),
    );
  const flags = (sql: string, values: unknown[]): Promise<boolean[]> =>
    run(async (client) =>
      (await client.query<{ stored: boolean }>(sql, values)).rows.map(({ stored }) => stored),
    );
  const number = (sql: string, values: unknown[]): Promise<number> =>
    run(async (client) => Number((await client.query<{ n: string }>(sql, values)).rows[0].n));

  return {
    count: (reason) =>
      number(`SELECT count(*) AS n FROM rejected_readings WHERE ${reasonMatches}`, [reason]),
    newest: (reason, limit, rawCharacters) =>
      rejects(
        `SELECT ${columns('left(raw, $3)')} FROM rejected_readings
          WHERE ${reasonMatches} ORDER BY id DESC LIMIT $2`,
        [reason, limit, rawCharacters],
      ),
    find: (ids) =>
      rejects(
        `SELECT ${columns('raw')} FROM rejected_readings WHERE id = ANY ($1::bigint[]) ORDER BY id`,
        [ids],
      ),
    newestId: () => number('SELECT coalesce(max(id), 0) AS n FROM rejected_readings', []),
    idsToReplay: (reason, includeReplayed, after, upTo, limit) =>
      run(async (client) => {
        const { rows } = await client.query<{ id: string }>(
          `SELECT id FROM rejected_readings
            WHERE ${reasonMatches} AND id > $2 AND id <= $3 AND ($4 OR replayed_at IS NULL)
            ORDER BY id LIMIT $5`,
          [reason, after, upTo, includeReplayed, limit],
        );
        return rows.map(({ id }) => Number(id));
      }),
    rejectedFrom: (peers, after) =>
      rejects(
        `SELECT ${columns('raw')} FROM rejected_readings
          WHERE id > $2 AND peer = ANY ($1::text[]) ORDER BY id`,
        [peers, after],
      ),
    areStored: (keys) =>
      flags(
        `SELECT EXISTS (SELECT FROM readings
                         WHERE readings.sensor_id = key.sensor_id
                           AND readings.time = ${instant('key.us')}) AS stored
           FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS key (sensor_id, us, n)
          ORDER BY key.n`,
        [keys.map(({ sensorId }) => sensorId), keys.map(({ timeUs }) => timeUs)],
      ),
    areStoredOnReceipt: (keys) =>
      flags(
        `SELECT EXISTS (SELECT FROM readings
                         WHERE readings.sensor_id = key.sensor_id
                           AND readings.time >= ${instant('key.from_us')}
                           AND readings.time <= ${instant('key.to_us')}
                           AND readings.received_at >= ${instant('key.from_us')}) AS stored
           FROM unnest($1::text[], $2::bigint[], $3::bigint[])
                WITH ORDINALITY AS key (sensor_id, from_us, to_us, n)
          ORDER BY key.n`,
        [
          keys.map(({ sensorId }) => sensorId),
          keys.map(({ fromUs }) => fromUs),
          keys.map(({ toUs }) => toUs),
        ],
      ),
    progress: (journals) => run((client) => findProgress(client, journals)),
    markReplayed: (ids) =>
      run(async (client) => {
        await client.query(
          'UPDATE rejected_readings SET replayed_at = now() WHERE id = ANY ($1::bigint[])',
          [ids],
        );
      }),
    close: () => connection.close(),
  };
}
