/**
 * `npm run migrate`: brings the schema of the database up to date, which workers do too when they
 * connect. scripts/deploy.sh runs that of a new version before it takes over, while the one before
 * still stores.
 */
import { existsSync } from 'node:fs';
import { describeError, parseSettings } from '@zdenergy/core';
import { migrateDatabase } from '@zdenergy/storage';
import { databaseUrl } from './command/installation.js';

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const applied = await migrateDatabase(await databaseUrl(parseSettings(process.env)));
  console.log(
    applied.length === 0
      ? 'The schema is up to date already.'
      : `The schema is up to date now: ${applied.join(', ')}`,
  );
}

main().catch((error: unknown) => {
  console.error(`❌ ${describeError(error)}`);
  process.exitCode = 1;
});
