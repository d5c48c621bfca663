/**
 * One export in a file of its own.
 *
 * What always holds: under its name a file is there only when it is whole and synced, and one that is
 * there is never written over; what is written aside is removed when that fails; memory is constant; the
 * last free bytes of the disk are left to the journal.
 */
import { once } from 'node:events';
import { constants, createWriteStream } from 'node:fs';
import { access, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describeError, errorCode } from '@zdenergy/core';
import { isServerGone, JobProblem, type CsvExport } from '@zdenergy/storage';

/** The group may read it, for whoever takes the files away; nobody else. */
const mode = 0o640;
/** Twice what the journal keeps, so that it never has to wait for an export. */
const keptShare = 0.1;
const keptMostBytes = 1_000_000_000;
const spaceCheckMs = 500;

/** What is written aside begins and ends so. */
const asideName = (name: string): string => `.${name}.partial`;
export const isAside = (name: string): boolean => /^[.]sensor_data_.*[.]csv[.]partial$/.test(name);

/** Why exports cannot be written to the directory, and what to do; null: they can. */
export async function directoryProblem(directory: string): Promise<string | null> {
  try {
    if (!(await stat(directory)).isDirectory()) return `${directory} is no directory`;
    await access(directory, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return fileProblem(directory, error);
  }
}

/** What went wrong with a file of the directory, and what to do. */
function fileProblem(directory: string, error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return `there is no directory ${directory}. Make it, or check DAILY_EXPORT_DIR`;
    case 'EACCES':
    case 'EPERM':
      return `zdenergy may not write to ${directory}. Give its user the right to`;
    case 'EROFS':
      return (
        `${directory} is read-only here. Under systemd its unit needs ReadWritePaths=${directory} ` +
        '(sudo systemctl edit zdenergy); elsewhere mount the disk for writing'
      );
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk of ${directory} is full. Make room`;
    default:
      return `writing to ${directory} failed: ${describeError(error)}`;
  }
}

/**
 * Writes an export to a file of the directory; returns how many rows it has. Without any, there is no
 * file.
 * @throws {JobProblem} for what is wrong with the disk, and what `writeTo` throws.
 */
export async function writeExportFile(
  directory: string,
  name: string,
  csv: Pick<CsvExport, 'writeTo'>,
): Promise<number> {
  const aside = join(directory, asideName(name));
  try {
    const rows = await writeAside(directory, aside, csv);
    if (rows === 0) {
      await rm(aside);
      return 0;
    }
    if (await exists(join(directory, name))) {
      throw new JobProblem(`${name} was made in ${directory} meanwhile; it is left as it is`);
    }
    await rename(aside, join(directory, name));
    await syncDirectory(directory);
    return rows;
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    // Node's errors of sockets look the same.
    const isOfDisk = error instanceof Error && 'syscall' in error && !isServerGone(error);
    throw isOfDisk ? new JobProblem(fileProblem(directory, error), error) : error;
  }
}

async function writeAside(
  directory: string,
  aside: string,
  csv: Pick<CsvExport, 'writeTo'>,
): Promise<number> {
  await rm(aside, { force: true });
  // `flush` syncs it before it is closed.
  const stream = createWriteStream(aside, { flags: 'wx', mode, flush: true });
  // Whoever writes to it or waits for its end is told as well.
  stream.on('error', () => undefined);
  let rows = 0;
  let stopWatching = (): void => undefined;
  try {
    await once(stream, 'open');
    stopWatching = await watchSpace(directory, stream);
    await csv.writeTo(stream, (_, more) => (rows += more));
    stream.end();
    await finished(stream);
    return rows;
  } catch (error) {
    // Its own error is the reason when the export only says that nobody takes the rows.
    throw stream.errored ?? error;
  } finally {
    stopWatching();
    stream.destroy();
    if (!stream.closed) await once(stream, 'close').catch(() => undefined);
  }
}

/** Ends the stream when the disk gets too full; returns what ends the watch. */
async function watchSpace(directory: string, stream: Writable): Promise<() => void> {
  const check = async (): Promise<void> => {
    const { bavail, blocks, bsize } = await statfs(directory);
    const keptBytes = Math.min(blocks * bsize * keptShare, keptMostBytes);
    if (bavail * bsize >= keptBytes) return;
    stream.destroy(
      new JobProblem(
        `the disk of ${directory} is nearly full: an export leaves ` +
          `${Math.round(keptBytes / 1e6)} MB free. Make room`,
      ),
    );
  };
  await check();
  const timer = setInterval(() => {
    check().catch((error: unknown) => stream.destroy(new JobProblem(describeError(error), error)));
  }, spaceCheckMs);
  return () => clearInterval(timer);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
