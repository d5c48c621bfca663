/** Bytes of a journal that cannot be read as records are kept in `damaged/`, for a person to look at. */
import { join } from 'node:path';
import { writeFully, type Files } from './files.js';
import { salvaged } from './salvage.js';
import { readFully, scanBytes, type DamagedBytes } from './segment.js';

export const damagedDirectory = 'damaged';

/** Moves a segment of which nothing can be read. */
export async function setAside(files: Files, directory: string, name: string): Promise<void> {
  await files.makeDirectory(join(directory, damagedDirectory));
  await files.rename(join(directory, name), join(directory, damagedDirectory, name));
}

/** Copies bytes of a segment. On a full disk there is no copy: going on matters more. */
export async function keepAside(
  files: Files,
  directory: string,
  name: string,
  range: DamagedBytes,
): Promise<void> {
  await copyAside(files, directory, name, range).catch(() => undefined);
}

async function copyAside(
  files: Files,
  directory: string,
  name: string,
  { from, to }: DamagedBytes,
): Promise<void> {
  const aside = join(directory, damagedDirectory);
  await files.makeDirectory(aside);
  const path = join(aside, `${name}-${from}`);
  await files.remove(path);
  const source = salvaged(await files.open(join(directory, name)));
  try {
    const target = await files.create(path);
    try {
      for (let at = from; at < to; at += scanBytes) {
        const bytes = await readFully(source, at, Math.min(scanBytes, to - at));
        await writeFully(target, bytes, at - from);
      }
      await target.datasync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
