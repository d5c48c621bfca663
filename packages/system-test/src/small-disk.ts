/**
 * A disk for the journal that a test can fill and empty again.
 *
 * Where mounting is allowed (root) it is a file system of its own that really is full; elsewhere the
 * real disk with a reserve, so that a file of moderate size leaves less free than is to be kept.
 */
import { execFile } from 'node:child_process';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Releases } from '@zdenergy/core';
import type { Settings } from './zdenergy.js';

const run = promisify(execFile);

const mountedBytes = 32 * 1024 * 1024;
/** Other programs' use of the disk must not make the difference. */
const reserveMarginBytes = 1024 * 1024 * 1024;

export interface SmallDisk {
  /** What zdenergy has to be started with. */
  readonly settings: Settings;
  fill(): Promise<void>;
  empty(): Promise<void>;
}

/** Prepares the journal's directory below a data directory. */
export async function smallDisk(dataDirectory: string, releases: Releases): Promise<SmallDisk> {
  const journal = join(dataDirectory, 'journal');
  await mkdir(journal, { recursive: true });
  const filler = join(journal, 'filler');
  const empty = (): Promise<void> => rm(filler, { force: true });
  if (await mounts(journal, releases)) {
    return { settings: { JOURNAL_RESERVE_BYTES: '0' }, fill: () => writeUntilFull(filler), empty };
  }
  const { bavail, bsize } = await statfs(journal);
  const reserveBytes = bavail * bsize - reserveMarginBytes;
  if (reserveBytes <= reserveMarginBytes) throw new Error(`too little space below ${journal}`);
  return {
    settings: { JOURNAL_RESERVE_BYTES: String(reserveBytes) },
    fill: async () => {
      await run('fallocate', ['--length', String(2 * reserveMarginBytes), filler]);
    },
    empty,
  };
}

async function mounts(directory: string, releases: Releases): Promise<boolean> {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mountedBytes}`, 'tmpfs', directory]);
  } catch {
    return false;
  }
  releases.push(async () => {
    await run('umount', ['--lazy', directory]);
  });
  return true;
}

/** Writes ever smaller pieces, so that not a byte is left. */
async function writeUntilFull(file: string): Promise<void> {
  for (let bytes = 1024 * 1024; bytes > 0; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) await writeFile(file, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // No room for a piece of this size.
    }
  }
}
