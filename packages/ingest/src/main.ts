/** Entry of the ingest worker, forked by the supervisor. */
import {
  createLogger,
  describeError,
  parseSettings,
  serveSupervisor,
  type Logger,
} from '@zdenergy/core';
import { IngestWorker } from './ingest-worker.js';

const name = process.env['ZDENERGY_WORKER_NAME'] ?? 'ingest-1';
const settings = parseSettings(process.env);
const log: Logger = createLogger(name, settings);
const { databaseUrl } = settings;

function die(error: unknown): never {
  log.fatal(`Fatal TCP Server error: ${describeError(error)}`);
  if (error instanceof Error && error.stack !== undefined) log.debug(error.stack);
  log.flush();
  process.exit(1);
}

process.on('uncaughtException', die);
process.on('unhandledRejection', die);
if (databaseUrl === undefined)
  die(new Error('DATABASE_URL is missing: start the supervisor instead'));

serveSupervisor(
  (link) => new IngestWorker(name, settings, databaseUrl, log, link),
  (code, reason) => {
    if (reason !== undefined) die(reason);
    log.flush();
    process.exit(code);
  },
);
