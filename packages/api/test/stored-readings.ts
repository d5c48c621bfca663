/**
 * A real Postgres for a test, with readings that went the usual way: into a journal, and from there
 * through the drain into tables that the migrations made.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, Output } from '@zdenergy/core';
import { Batch, diskFiles, Drain, Journal } from '@zdenergy/storage';
import { closedPort } from './running-api.js';

/** Runs a Postgres of its own until it is killed; Node itself runs the file, so it is the build's. */
const fixture = new URL('../../supervisor/test/fixtures/own-postgres.mjs', import.meta.url);

export interface Reading {
  readonly sensorId: string;
  readonly timeMs: number;
  readonly receivedAtMs: number;
  readonly temperature?: number;
  /** JSON. */
  readonly extra?: string;
}

export interface StoredReadings {
  readonly databaseUrl: string;
  /** Resolves once they are in the database. */
  add(readings: readonly Reading[]): Promise<void>;
  /** What the server's own processes say they do, as `ps` shows it. */
  backends(): string[];
  /** Ends Postgres alone, as when its machine is switched off. */
  stopPostgres(): Promise<void>;
  stop(): Promise<void>;
}

export async function storeReadings(): Promise<StoredReadings> {
  const home = mkdtempSync(join(tmpdir(), 'zdenergy-stored-'));
  // Postgres, which root runs as another user, has to pass through it.
  chmodSync(home, 0o711);
  const port = await closedPort();
  const postgres = fork(fixture, [home, String(port)]);
  const [postgresPid] = (await once(postgres, 'message')) as [number];
  const password = readFileSync(join(home, 'postgres.password'), 'utf8').trim();
  const databaseUrl = `postgres://zdenergy:${password}@127.0.0.1:${port}/zdenergy`;

  const silent = createLogger('test', { logLevel: 'error', logFormat: 'text' }, new Output());
  const journal = await Journal.open(join(home, 'journal'), diskFiles);
  const drain = new Drain(journal, databaseUrl, silent);
  drain.start();
  const stopPostgres = async (): Promise<void> => {
    if (postgres.exitCode !== null || postgres.signalCode !== null) return;
    postgres.kill('SIGTERM');
    await once(postgres, 'exit');
  };
  return {
    databaseUrl,
    stopPostgres,
    async add(readings) {
      const batch = new Batch();
      for (const reading of readings) addTo(batch, reading);
      await journal.append(batch);
      drain.wake();
      const deadline = performance.now() + 10_000;
      while (drain.ledger.pending > 0) {
        if (performance.now() > deadline) throw new Error('the readings were not stored');
        await sleep(5);
      }
    },
    backends: () => titlesOfChildren(postgresPid),
    async stop() {
      await drain.stop(1_000);
      await journal.close();
      await stopPostgres();
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

function titlesOfChildren(parentPid: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const isChild = readFileSync(`/proc/${pid}/status`, 'utf8').includes(
          `\nPPid:\t${parentPid}\n`,
        );
        return isChild ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : [];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

function addTo(
  batch: Batch,
  { sensorId, timeMs, receivedAtMs, temperature, extra }: Reading,
): void {
  const id = Buffer.from(sensorId);
  const none = Number.NaN;
  const fields = extra === undefined ? null : Buffer.from(extra);
  const [timeUs, receivedAtUs] = [timeMs * 1_000, receivedAtMs * 1_000];
  const measured = temperature ?? none;
  batch.addReading(
    'peer',
    id,
    0,
    id.length,
    timeUs,
    measured,
    none,
    none,
    none,
    fields,
    receivedAtUs,
  );
}
