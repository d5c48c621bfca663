/** Migrations beside readers and writers at work, in a real Postgres. */
import { setTimeout as sleep } from 'node:timers/promises';
import { migrateDatabase, runJob, type JobName, type JobSession } from '@zdenergy/storage';
import { storeReadings, type StoredReadings } from './stored-readings.js';

let stored: StoredReadings;

beforeAll(async () => {
  stored = await storeReadings();
  await stored.add([{ sensorId: 'a', timeMs: 0, receivedAtMs: 0 }]);
}, 60_000);
afterAll(() => stored.stop());

/** Works in a session of its own. */
async function session(
  job: JobName,
  work: (client: JobSession['client']) => Promise<unknown>,
): Promise<void> {
  const { signal } = new AbortController();
  const order = { job, day: '2025-03-01', isShared: false, timeoutMs: 60_000, signal };
  await runJob(stored.databaseUrl, order, async ({ client }) => String(await work(client)));
}

it('waits for a long reader without making anybody else wait', async () => {
  const name = '0002_rejected_replay.sql';
  await session('partitions', (client) =>
    client.query(
      `ALTER TABLE rejected_readings DROP COLUMN replayed_at;
       DELETE FROM schema_migrations WHERE name = '${name}'`,
    ),
  );
  let migrating: Promise<string[]> | undefined;
  await session('statistics', async (reader) => {
    await reader.query('BEGIN; SELECT count(*) FROM rejected_readings');
    migrating = migrateDatabase(stored.databaseUrl);
    const tookMs: number[] = [];
    await session('retention', async (writer) => {
      for (let n = 0; n < 8; n += 1) {
        const startedAtMs = performance.now();
        await writer.query(
          `INSERT INTO rejected_readings (rejected_at, peer, reason, raw)
           VALUES (now(), 'peer', 'reason', 'raw')`,
        );
        tookMs.push(performance.now() - startedAtMs);
        await sleep(200);
      }
    });
    // Half a second behind the lock, and what a busy machine needs for the rest.
    expect(Math.max(...tookMs)).toBeLessThan(1_500);
    await reader.query('ROLLBACK');
  });
  expect(await migrating).toEqual([name]);
  expect(await migrateDatabase(stored.databaseUrl)).toEqual([]);
});
