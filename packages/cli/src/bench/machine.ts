/** The machine and the programs of a run: a figure means nothing without them. */
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import type { ServerDescription } from '@zdenergy/storage';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  /** The type of file system that holds the data; null when it is elsewhere or not told. */
  readonly fileSystem: string | null;
  readonly node: string;
  readonly postgres: ServerDescription;
}

/** @param directory where the data are; undefined: not on this machine, or not known. */
export async function describeMachine(
  directory: string | undefined,
  postgres: ServerDescription,
): Promise<Machine> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '');
  return {
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()}`,
    fileSystem: directory === undefined ? null : (fileSystemOf(mounts, directory) ?? null),
    node: process.versions.node,
    postgres,
  };
}

/** @param mounts the text of /proc/mounts: device, mount point, type and more, a line each */
export function fileSystemOf(mounts: string, path: string): string | undefined {
  const [longest] = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, point]) => point !== undefined && isWithin(path, point))
    // Of two on the same point the later one hides the other.
    .reverse()
    .sort(([, a], [, b]) => b.length - a.length);
  return longest?.[2];
}

const isWithin = (path: string, point: string): boolean =>
  path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`);
