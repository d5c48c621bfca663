/**
 * The state of alerts on disk: `alerts.json` in the data directory.
 *
 * What always holds: after any crash the file holds an old state or the new one, and never a part of
 * one; one that cannot be read is set aside as `alerts.json.damaged`, and everything begins anew.
 */
import { randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, type Logger } from '@zdenergy/core';
import { diskFiles, replaceFile } from '@zdenergy/storage';
import { emptyState, parseAlertState, type AlertState } from './alert-state.js';

const fileName = 'alerts.json';
/** A disk that takes longer keeps no message back. */
const patienceMs = 2_000;

/** As it was kept, or an empty one. Never throws: alerts that begin anew are better than none. */
export async function loadAlertState(dataDir: string, logger: Logger): Promise<AlertState> {
  const path = join(dataDir, fileName);
  try {
    const bytes = await diskFiles.readAll(path);
    if (bytes !== undefined) return parseAlertState(JSON.parse(bytes.toString()));
  } catch (error) {
    const aside = `${path}.damaged`;
    const kept = await rename(path, aside).then(
      () => `It was set aside as ${aside}.`,
      (failure: unknown) => `It could not be set aside: ${describeError(failure)}.`,
    );
    logger.error(
      `What alerts were sent cannot be read from ${path}: ${briefly(error)}. ${kept} ` +
        'What is wrong now is told once more.',
    );
  }
  return emptyState(randomBytes(6).toString('hex'));
}

/** Keeps the newest state on disk; of those that come while one is being written, the last. */
export class StateKeeper {
  readonly #dataDir: string;
  readonly #logger: Logger;
  readonly #settled: () => void;
  #waiting: AlertState | undefined;
  #writing: Promise<void> | undefined;
  #writingSinceMs = 0;
  #isFailing = false;

  /** @param settled is called each time when everything was written, or could not be. */
  constructor(dataDir: string, logger: Logger, settled: () => void) {
    this.#dataDir = dataDir;
    this.#logger = logger;
    this.#settled = settled;
  }

  /** False while something is not on disk yet that soon will be; a disk that fails is not waited for. */
  get isSettled(): boolean {
    if (this.#writing === undefined || this.#isFailing) return true;
    return performance.now() - this.#writingSinceMs > patienceMs;
  }

  keep(state: AlertState): void {
    this.#waiting = state;
    if (this.#writing !== undefined) return;
    this.#writingSinceMs = performance.now();
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
      // One may have come after the last was taken.
      if (this.#waiting !== undefined) this.keep(this.#waiting);
      else this.#settled();
    });
  }

  /** Resolves once everything was written, or could not be. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let state = this.#waiting; state !== undefined; state = this.#waiting) {
      this.#waiting = undefined;
      try {
        const bytes = Buffer.from(`${JSON.stringify(state)}\n`);
        await replaceFile(diskFiles, this.#dataDir, fileName, bytes);
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isFailing) {
          this.#logger.error(
            `What alerts were sent cannot be written to ${join(this.#dataDir, fileName)}: ` +
              `${describeError(error)}. They are sent all the same; a restart may repeat some.`,
          );
        }
        this.#isFailing = true;
      }
    }
  }
}

/** What a parser finds wrong may be pages long. */
const briefly = (error: unknown): string => {
  const text = describeError(error).replace(/\s+/g, ' ');
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
};
