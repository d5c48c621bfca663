/** The newest readings in the database, for a live view that starts again. */
import type { StoredReading } from '../copy-rows.js';
import { connect } from './connection.js';

/**
 * How far back to look, in hours, each tried when the one before found too few. The index on
 * `received_at` makes a short range cheap; the longest still bounds the work.
 */
const rangesHours = [0.05, 1, 24, 24 * 31];

/**
 * The `limit` readings received last, oldest first.
 * @throws {Error} with a message fit for a person.
 */
export async function newestReadings(databaseUrl: string, limit: number): Promise<StoredReading[]> {
  const connection = await connect(databaseUrl, 'zdenergy live view');
  try {
    return await connection.run(async (client) => {
      let rows: StoredReading[] = [];
      for (const hours of rangesHours) {
        const found = await client.query<StoredReading>(
          `SELECT sensor_id AS "sensorId", temperature, humidity, lux, irradiance,
                  extra::text AS extra,
                  (extract(epoch FROM time) * 1000000)::float8 AS "timeUs",
                  (extract(epoch FROM received_at) * 1000000)::float8 AS "receivedAtUs"
             FROM readings
            WHERE received_at > (SELECT max(updated_at) FROM journals) - $2 * interval '1 hour'
            ORDER BY received_at DESC, time DESC
            LIMIT $1`,
          [limit, hours],
        );
        ({ rows } = found);
        if (rows.length >= limit) break;
      }
      return rows.reverse();
    });
  } finally {
    await connection.close();
  }
}
