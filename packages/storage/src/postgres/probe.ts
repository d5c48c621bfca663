/** Asks Postgres whether it answers, on a connection of its own, kept from one question to the next. */
import {
  connect,
  DatabaseUnavailable,
  describeDatabaseError,
  type Connection,
} from './connection.js';

export interface DatabaseProbe {
  /** @throws {Error} with a message fit for a person when there is no answer in time. */
  probe(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

export function createDatabaseProbe(databaseUrl: string): DatabaseProbe {
  let connection: Connection | undefined;
  return {
    async probe(timeoutMs) {
      try {
        if (connection?.usable !== true) {
          connection = await connect(databaseUrl, 'zdenergy health');
        }
        await connection.run((client) => client.query('SELECT 1'), timeoutMs);
      } catch (error) {
        await connection?.close();
        connection = undefined;
        throw new DatabaseUnavailable(describeDatabaseError(error, databaseUrl), error);
      }
    },
    async close() {
      await connection?.close();
      connection = undefined;
    },
  };
}
