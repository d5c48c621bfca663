/**
 * The file system as the journal uses it: a seam of a dozen calls, so that every fault of a disk can
 * be put in its place. Errors are those of Node's file system.
 */
import { open, mkdir, readdir, readFile, rename, statfs, unlink } from 'node:fs/promises';
import { errorCode } from '@zdenergy/core';

export interface JournalFile {
  /** Writes at a position and says how many bytes were taken, which may be fewer than given. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Returns when what was written survives a loss of power. */
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  /** Reads at a position; 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface FreeSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface Files {
  makeDirectory(path: string): Promise<void>;
  /** Makes created, renamed and removed names of a directory survive a loss of power. */
  syncDirectory(path: string): Promise<void>;
  list(path: string): Promise<string[]>;
  /** Fails when the file is there already. */
  create(path: string): Promise<JournalFile>;
  open(path: string): Promise<JournalFile>;
  /** The whole file; undefined when there is none. */
  readAll(path: string): Promise<Buffer | undefined>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is gone already is fine. */
  remove(path: string): Promise<void>;
  freeSpace(path: string): Promise<FreeSpace>;
}

const isMissing = (error: unknown): boolean => errorCode(error) === 'ENOENT';

async function openFile(path: string, flags: string): Promise<JournalFile> {
  const handle = await open(path, flags, 0o600);
  return {
    write: async (bytes, position) =>
      (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    datasync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    read: async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
    size: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

export const diskFiles: Files = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  async syncDirectory(path) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  list: (path) => readdir(path),
  create: (path) => openFile(path, 'wx+'),
  open: (path) => openFile(path, 'r'),
  async readAll(path) {
    try {
      return await readFile(path);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  rename: (from, to) => rename(from, to),
  async remove(path) {
    try {
      await unlink(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  },
  async freeSpace(path) {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  },
};

/**
 * Writes a file so that after any crash it holds either the old content or the new one: aside,
 * synced, renamed, and the directory synced.
 */
export async function replaceFile(
  files: Files,
  directory: string,
  name: string,
  content: Uint8Array,
): Promise<void> {
  const aside = `${directory}/${name}.new`;
  await files.remove(aside);
  const file = await files.create(aside);
  try {
    await writeFully(file, content, 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await files.rename(aside, `${directory}/${name}`);
  await files.syncDirectory(directory);
}

/** Writes all bytes; a full disk first shows as a short write without an error. */
export async function writeFully(
  file: JournalFile,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const count = await file.write(bytes.subarray(written), position + written);
    if (count === 0) throw new Error('the disk took no more bytes');
    written += count;
  }
}
