/** Where the zdenergy of this machine keeps its things, as far as its settings tell. */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describeError, errorCode, type Settings } from '@zdenergy/core';

/**
 * The address of the database: the one in DATABASE_URL, or the own Postgres.
 * @throws {Error} saying what to do when the own Postgres cannot be reached this way.
 */
export async function databaseUrl(
  settings: Pick<Settings, 'databaseUrl' | 'dataDir' | 'embeddedPgPort'>,
): Promise<string> {
  if (settings.databaseUrl !== undefined) return settings.databaseUrl;
  const file = resolve(settings.dataDir, 'postgres.password');
  try {
    const password = (await readFile(file, 'utf8')).trim();
    return `postgres://zdenergy:${encodeURIComponent(password)}@127.0.0.1:${settings.embeddedPgPort}/zdenergy`;
  } catch (error) {
    throw new Error(
      errorCode(error) === 'ENOENT'
        ? `${file} is not there: zdenergy makes it, and the database, when it first starts (npm start).`
        : `${file} cannot be read (${describeError(error)}). Run this as the user that runs zdenergy.`,
      { cause: error },
    );
  }
}

/** The directory that holds a journal for each ingest worker. */
export const journalRoot = (settings: Pick<Settings, 'dataDir'>): string =>
  resolve(settings.dataDir, 'journal');

/** The journals below a directory, or the directory itself if it is one; none when it is not there. */
export async function journalDirectories(directory: string): Promise<string[]> {
  let entries;
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  const isJournal = entries.some(({ name }) => /^(checkpoint\.json|\d{10}\.segment)$/.test(name));
  if (isJournal) return [directory];
  return entries
    .filter((entry) => entry.isDirectory() && entry.name.startsWith('ingest-'))
    .map(({ name }) => join(directory, name))
    .sort();
}
