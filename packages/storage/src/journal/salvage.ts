/**
 * Reading a file of which the disk cannot give every block any more (EIO).
 *
 * What always holds: a block counts as unreadable only after several tries; it then reads as zeros,
 * which are no record, so that it is found, told and passed over like any other damage. Other errors go on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '@zdenergy/core';
import type { JournalFile } from './files.js';

/** What a disk can fail to give by itself, and a page of memory. */
const blockBytes = 4096;
/** A cable or a controller may fail for a moment. */
const tries = 3;
const retryMs = 100;

export interface SalvagedFile extends JournalFile {
  /** Some of it could not be read at once. */
  readonly isBroken: boolean;
}

export const isUnreadable = (error: unknown): boolean => errorCode(error) === 'EIO';

/** The same file, whose readable blocks can be read whatever the others do. */
export function salvaged(file: JournalFile): SalvagedFile {
  let isBroken = false;
  const readBlock = async (into: Uint8Array, position: number): Promise<number> => {
    for (let left = tries; left > 0; left -= 1) {
      try {
        return await file.read(into, position);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        await sleep(retryMs);
      }
    }
    const bytes = Math.max(0, Math.min(into.length, (await file.size()) - position));
    into.fill(0, 0, bytes);
    return bytes;
  };
  return {
    ...file,
    get isBroken() {
      return isBroken;
    },
    async read(into, position) {
      if (!isBroken) {
        try {
          return await file.read(into, position);
        } catch (error) {
          if (!isUnreadable(error)) throw error;
          isBroken = true;
        }
      }
      const restBytes = blockBytes - (position % blockBytes);
      return readBlock(into.subarray(0, restBytes), position);
    },
  };
}
