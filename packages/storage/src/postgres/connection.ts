/**
 * Connections to Postgres that never wait for ever and never take the process down.
 *
 * What always holds: connecting fails after 2 s; a statement is given up by the server after its
 * timeout, and by us a little later, for a frozen server does not even refuse; both are given up at
 * once by whoever holds the signal; an error of an idle connection is noted, not thrown.
 */
import pg from 'pg';
import { describeError, errorCode } from '@zdenergy/core';

/** A host that does not answer by then is down, frozen or out of reach. */
const connectTimeoutMs = 2_000;
/** What a statement gets, unless it is given more. */
export const statementTimeoutMs = 15_000;
/** What the network and a busy event loop may add to a statement's own timeout. */
export const graceMs = 5_000;

export interface Connection {
  readonly client: pg.Client;
  /** False once the connection has failed or was closed. */
  readonly usable: boolean;
  /** Runs work on the connection; when it takes longer than a statement may, the connection is cut. */
  run<Result>(work: (client: pg.Client) => Promise<Result>, timeoutMs?: number): Promise<Result>;
  /** Closes cleanly, or cuts after a second. */
  close(): Promise<void>;
}

/** The database cannot be used; the message says why, and what to do. */
export class DatabaseUnavailable extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'DatabaseUnavailable';
  }
}

/** Codes of the system and of Postgres for a server that has gone, or is about to go. */
const goneCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ETIMEDOUT'],
  ...['57P01', '57P02', '57P03'],
]);

/** Whether an error means that the server is away, and not that it had trouble with the question. */
export function isServerGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof DatabaseUnavailable) return isServerGone(error.cause);
  // How pg says it, without a code.
  return (
    goneCodes.has(errorCode(error) ?? '') || /connection (terminated|error)/i.test(error.message)
  );
}

/**
 * Connects; `signal` cuts the connection, also while it is being made.
 * @throws {DatabaseUnavailable}
 */
export async function connect(
  databaseUrl: string,
  applicationName: string,
  signal?: AbortSignal,
): Promise<Connection> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    application_name: applicationName,
    keepAlive: true,
  });
  let usable = true;
  client.on('error', () => (usable = false));
  client.on('end', () => (usable = false));
  const cut = (): void => {
    usable = false;
    signal?.removeEventListener('abort', cut);
    connectionStream(client)?.destroy();
  };
  signal?.addEventListener('abort', cut);
  client.on('end', () => signal?.removeEventListener('abort', cut));
  try {
    await client.connect();
  } catch (error) {
    cut();
    throw new DatabaseUnavailable(describeDatabaseError(error, databaseUrl), error);
  }
  return {
    client,
    get usable() {
      return usable;
    },
    async run(work, timeoutMs = statementTimeoutMs + graceMs) {
      let timer: NodeJS.Timeout | undefined;
      let giveUp = (): void => undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          cut();
          reject(new Error(`Postgres has not answered for ${timeoutMs / 1_000} s`));
        }, timeoutMs);
        giveUp = () => reject(new Error('the connection was given up'));
      });
      signal?.addEventListener('abort', giveUp);
      try {
        return await Promise.race([work(client), late]);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
      }
    },
    async close() {
      usable = false;
      const timer = setTimeout(cut, 1_000);
      await client.end().catch(() => undefined);
      clearTimeout(timer);
    },
  };
}

/** pg's types leave out the connection, whose socket alone can end a session that hangs. */
function connectionStream(client: pg.Client): { destroy(): void } | undefined {
  const connection: unknown = Reflect.get(client, 'connection');
  if (typeof connection !== 'object' || connection === null) return undefined;
  const stream: unknown = Reflect.get(connection, 'stream');
  if (typeof stream !== 'object' || stream === null || !('destroy' in stream)) return undefined;
  return {
    destroy: () => {
      Reflect.apply(stream.destroy as () => void, stream, []);
    },
  };
}

/** Why the database cannot be used and what to do, with no secret in it. */
export function describeDatabaseError(error: unknown, databaseUrl: string): string {
  if (error instanceof DatabaseUnavailable) return error.message;
  const { where, user, database } = address(databaseUrl);
  const lost = `Postgres at ${where} has ended the connection.`;
  switch (errorCode(error)) {
    case 'ECONNREFUSED':
      return `Postgres at ${where} refuses connections. Is it running?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host of Postgres (${where}) is not known. Check DATABASE_URL.`;
    case '28P01':
    case '28000':
      return `Postgres at ${where} refuses user ${user}. Check the password in DATABASE_URL.`;
    case '3D000':
      return `Postgres at ${where} has no database ${database}. Create it, or check DATABASE_URL.`;
    case '42501':
      return `User ${user} lacks a right in database ${database}: ${describeError(error)}.`;
    case '42P01':
    case '42703':
      return (
        `The tables in database ${database} are missing or of an older version ` +
        `(${describeError(error)}). Start zdenergy: it brings them up to date.`
      );
    case '53300':
      return `Postgres at ${where} has no free connection: ${describeError(error)}.`;
    case '57P03':
      return `Postgres at ${where} is starting or stopping.`;
    case '57P01':
    case 'ECONNRESET':
    case 'EPIPE':
      return lost;
    default: {
      const message = describeError(error);
      if (/timeout|not answered/i.test(message)) return `Postgres at ${where} does not answer.`;
      // How pg says it, without a code.
      if (/connection (terminated|error)/i.test(message)) return lost;
      return `Postgres at ${where}: ${message}`;
    }
  }
}

function address(databaseUrl: string): { where: string; user: string; database: string } {
  try {
    const url = new URL(databaseUrl);
    return {
      where: `${url.hostname || 'localhost'}:${url.port || '5432'}`,
      user: decodeURIComponent(url.username) || '(none given)',
      database: decodeURIComponent(url.pathname.slice(1)) || '(none given)',
    };
  } catch {
    return { where: 'DATABASE_URL', user: '(unknown)', database: '(unknown)' };
  }
}
