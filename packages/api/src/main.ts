/** The entry of the API worker, forked by the supervisor. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLogger, describeError, parseSettings, serveSupervisor } from '@zdenergy/core';

// Node opens the files of all imports at once. In these steps they fit a process that may have only
// 64 open; in one they do not, and it dies before it can say anything.
await import('@zdenergy/storage');
await import('./stored-routes.js');
await import('./jobs/start-jobs.js');
await import('./app.js');
const { apiWorker } = await import('./api-worker.js');

const settings = parseSettings(process.env);
const logger = createLogger(process.env['ZDENERGY_WORKER_NAME'] ?? 'api', settings);

process.on('uncaughtException', (error) => {
  logger.fatal(`The API worker failed: ${error.stack ?? describeError(error)}`);
  exit(1);
});

const { databaseUrl } = settings;
if (databaseUrl === undefined) {
  throw new Error('DATABASE_URL is not set. The supervisor sets it: start zdenergy by npm start.');
}
const version = readText(new URL('../../../package.json', import.meta.url), 'version') ?? 'unknown';
// Written by scripts/deploy.sh.
const commit = readText(new URL('../../../release.json', import.meta.url), 'commit');
const dashboardDir = fileURLToPath(new URL('../../dashboard/dist', import.meta.url));
serveSupervisor(
  () =>
    apiWorker({
      settings: { ...settings, databaseUrl },
      version,
      ...(commit !== undefined && { commit }),
      dashboardDir,
      logger,
    }),
  (code, reason) => {
    if (reason !== undefined) logger.fatal(`The API worker gives up: ${describeError(reason)}`);
    exit(code);
  },
);

function exit(code: number): never {
  logger.flush();
  process.exit(code);
}

/** A text that a JSON file of the project holds; undefined when there is none. */
function readText(file: URL, name: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const found = Object.entries(content ?? {}).find(([key]) => key === name);
  return found && String(found[1]);
}
