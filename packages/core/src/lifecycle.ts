/**
 * Starting and stopping: creating does nothing, `start` acquires, each acquisition pushes its own release.
 *
 * What always holds: releases run in the reverse order of acquisition, each at most once; one that
 * fails does not keep the others from running; a start that fails half way releases what it has.
 */

export interface Running {
  /** Releases everything; may be called twice, and both calls wait for the same release. */
  stop(): Promise<void>;
}

type Release = () => void | Promise<void>;

export class Releases {
  readonly #releases: Release[] = [];
  #released: Promise<void> | undefined;

  push(release: Release): void {
    this.#releases.push(release);
  }

  /** @throws {AggregateError} of the releases that failed, after all have run. */
  release(): Promise<void> {
    this.#released ??= this.#releaseAll();
    return this.#released;
  }

  async #releaseAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let release = this.#releases.pop(); release; release = this.#releases.pop()) {
      try {
        await release();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'stopping failed in part');
  }
}

/** Runs `acquire`; if it fails, what it had acquired is released before the error goes on. */
export async function start<Result>(
  acquire: (releases: Releases) => Promise<Result>,
): Promise<Result & Running> {
  const releases = new Releases();
  try {
    const result = await acquire(releases);
    return { ...result, stop: () => releases.release() };
  } catch (error) {
    await releases.release().catch(() => undefined);
    throw error;
  }
}

/** Resolves with the promise, or with 'late' once the deadline has passed. */
export async function within<Result>(
  promise: Promise<Result>,
  deadlineMs: number,
): Promise<Result | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
