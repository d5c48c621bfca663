/**
 * Connections that are kept from one question to the next.
 *
 * What always holds: a connection is made when it is needed, and again after it has failed; it is used
 * for one thing at a time; those who wait are bounded.
 */
import type pg from 'pg';
import { connect, DatabaseUnavailable, describeDatabaseError } from './connection.js';
import type { Connection } from './connection.js';

/** What a question gets, unless it is given more. */
const usualTimeoutMs = 10_000;
/** Whoever asks a connection beyond that many is told to come again. */
const maxWaiting = 20;
const tooMany = 'Too many questions at once. Ask again in a moment.';

export interface KeptConnection {
  /** How many questions are under way or wait. */
  readonly waiting: number;
  /** @throws {DatabaseUnavailable} */
  run<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface KeptConnectionOptions {
  readonly timeoutMs?: number;
  /** SQL that a new connection starts with. */
  readonly session?: string;
}

export function keptConnection(
  databaseUrl: string,
  applicationName: string,
  { timeoutMs = usualTimeoutMs, session }: KeptConnectionOptions = {},
): KeptConnection {
  let connection: Promise<Connection> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const open = async (): Promise<Connection> => {
    const opened = await connect(databaseUrl, applicationName);
    try {
      if (session !== undefined) await opened.run((client) => client.query(session), timeoutMs);
    } catch (error) {
      await opened.close();
      throw error;
    }
    return opened;
  };
  const usable = async (): Promise<Connection> => {
    const kept = await connection?.catch(() => undefined);
    if (kept?.usable === true) return kept;
    connection = open();
    return connection;
  };
  return {
    get waiting() {
      return waiting;
    },
    async run(work) {
      if (waiting >= maxWaiting) throw new DatabaseUnavailable(tooMany, undefined);
      waiting += 1;
      const result = last.then(async () => (await usable()).run(work, timeoutMs));
      last = result.catch(() => undefined);
      try {
        return await result;
      } catch (error) {
        throw new DatabaseUnavailable(describeDatabaseError(error, databaseUrl), error);
      } finally {
        waiting -= 1;
      }
    },
    async close() {
      const kept = await connection?.catch(() => undefined);
      await kept?.close();
    },
  };
}

/** Several of them as one: whoever asks gets the one with the fewest before him. */
export function keptConnections(
  count: number,
  databaseUrl: string,
  applicationName: string,
  options: KeptConnectionOptions = {},
): Pick<KeptConnection, 'run' | 'close'> {
  const all = Array.from({ length: count }, () =>
    keptConnection(databaseUrl, applicationName, options),
  );
  return {
    run: (work) => all.reduce((a, b) => (b.waiting < a.waiting ? b : a)).run(work),
    async close() {
      await Promise.all(all.map((connection) => connection.close()));
    },
  };
}
