/**
 * A look at the database as a whole: is it fit for zdenergy, is it up to date, what does it account for.
 *
 * What always holds: nothing is changed; each question is short, and a server that does not answer is
 * given up in seconds.
 */
import type pg from 'pg';
import { connect, DatabaseUnavailable, describeDatabaseError } from './connection.js';
import { migrationFiles } from './migrate.js';

/** For all questions together. */
const timeoutMs = 8_000;
/** The quickest of them is the way there and back. */
const roundTrips = 3;

/** What became of rows, of all journals or of all imports. */
export interface RowsAccount {
  readonly position: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Numbers that were never used. */
  readonly skipped: number;
}

/** When a scheduled job ran last, and how that ended. */
export interface JobRun {
  readonly job: string;
  readonly startedAt: Date;
  readonly outcome: 'running' | 'done' | 'failed';
  /** What it did, or why it failed. */
  readonly detail: string;
}

export interface Examination {
  /** Such as 17.2. */
  readonly version: string;
  /** Such as 170002. */
  readonly versionNumber: number;
  readonly encoding: string;
  readonly user: string;
  readonly mayCreateTables: boolean;
  readonly sizeBytes: number;
  readonly roundTripMs: number;
  /** How far its clock is ahead of ours; negative: behind. Exact to half of a round trip. */
  readonly clockAheadMs: number;
  readonly migrations: {
    readonly applied: number;
    /** Not applied yet. */
    readonly missing: readonly string[];
    /** Changed since they were applied. */
    readonly edited: readonly string[];
    /** Applied by another version of zdenergy. */
    readonly unknown: readonly string[];
  };
  /** Null while the tables are not there. */
  readonly journals: RowsAccount | null;
  readonly imports: RowsAccount | null;
  readonly sensors: { readonly count: number; readonly lastReceivedAt: Date | null } | null;
  /** By name. */
  readonly jobs: readonly JobRun[] | null;
}

/** @throws {DatabaseUnavailable} with a message fit for a person. */
export async function examineDatabase(databaseUrl: string): Promise<Examination> {
  const connection = await connect(databaseUrl, 'zdenergy doctor');
  try {
    return await connection.run(examine, timeoutMs);
  } catch (error) {
    throw new DatabaseUnavailable(describeDatabaseError(error, databaseUrl), error);
  } finally {
    await connection.close();
  }
}

async function examine(client: pg.Client): Promise<Examination> {
  const { roundTripMs, clockAheadMs } = await clockOf(client);
  const { rows } = await client.query<
    Pick<Examination, 'version' | 'versionNumber' | 'encoding' | 'user' | 'mayCreateTables'> & {
      sizeBytes: string;
    }
  >(
    `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
            current_setting('server_version_num')::int AS "versionNumber",
            current_setting('server_encoding') AS encoding, current_user AS user,
            coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
              AND has_database_privilege(current_database(), 'TEMP') AS "mayCreateTables",
            pg_database_size(current_database()) AS "sizeBytes"`,
  );
  return {
    ...rows[0],
    sizeBytes: Number(rows[0].sizeBytes),
    roundTripMs,
    clockAheadMs,
    migrations: await migrationsOf(client),
    journals: await accountOf(client, 'journals', 'skipped'),
    imports: await accountOf(client, 'imports', '0'),
    sensors: await sensorsOf(client),
    jobs: await jobsOf(client),
  };
}

async function clockOf(
  client: pg.Client,
): Promise<Pick<Examination, 'roundTripMs' | 'clockAheadMs'>> {
  let best = { roundTripMs: Infinity, clockAheadMs: 0 };
  for (let trip = 0; trip < roundTrips; trip += 1) {
    const [sentAtMs, startedAt] = [Date.now(), performance.now()];
    const { rows } = await client.query<{ ms: number }>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
    );
    const roundTripMs = performance.now() - startedAt;
    if (roundTripMs >= best.roundTripMs) continue;
    best = { roundTripMs, clockAheadMs: rows[0].ms - (sentAtMs + roundTripMs / 2) };
  }
  return best;
}

async function migrationsOf(client: pg.Client): Promise<Examination['migrations']> {
  const files = await migrationFiles();
  const checksums = new Map<string, string>();
  if (await exists(client, 'schema_migrations')) {
    const { rows } = await client.query<{ name: string; checksum: string }>(
      'SELECT name, checksum FROM schema_migrations',
    );
    for (const { name, checksum } of rows) checksums.set(name, checksum);
  }
  const names = new Set(files.map(({ name }) => name));
  return {
    applied: files.filter(({ name, checksum }) => checksums.get(name) === checksum).length,
    missing: files.filter(({ name }) => !checksums.has(name)).map(({ name }) => name),
    edited: files
      .filter(({ name, checksum }) => checksums.has(name) && checksums.get(name) !== checksum)
      .map(({ name }) => name),
    unknown: [...checksums.keys()].filter((name) => !names.has(name)),
  };
}

async function accountOf(
  client: pg.Client,
  table: 'journals' | 'imports',
  skipped: string,
): Promise<RowsAccount | null> {
  if (!(await exists(client, table))) return null;
  const sum = (column: string): string => `coalesce(sum(${column}), 0)::float8`;
  const { rows } = await client.query<RowsAccount>(
    `SELECT ${sum('position')} AS position, ${sum('stored')} AS stored,
            ${sum('duplicates')} AS duplicates, ${sum('rejected')} AS rejected,
            ${sum(skipped)} AS skipped
       FROM ${table}`,
  );
  return rows[0];
}

async function sensorsOf(client: pg.Client): Promise<Examination['sensors']> {
  if (!(await exists(client, 'sensors'))) return null;
  const { rows } = await client.query<{ count: number; lastReceivedAt: Date | null }>(
    'SELECT count(*)::float8 AS count, max(received_at) AS "lastReceivedAt" FROM sensors',
  );
  return rows[0];
}

async function jobsOf(client: pg.Client): Promise<Examination['jobs']> {
  if (!(await exists(client, 'job_runs'))) return null;
  const { rows } = await client.query<JobRun>(
    'SELECT job, started_at AS "startedAt", outcome, detail FROM job_runs ORDER BY job',
  );
  return rows;
}

async function exists(client: pg.Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS found',
    [table],
  );
  return rows[0].found;
}
