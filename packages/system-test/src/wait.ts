/**
 * Waiting for what will become true, without fixed sleeps.
 *
 * What always holds: a wait ends as soon as its condition does, and at its deadline at the latest,
 * then with the error that says what was still wrong.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 20;
/** Enough for a busy machine; a figure that is itself under test is given instead. */
const patientMs = 30_000;

/**
 * Calls `check` until it no longer throws, and returns what it returned.
 * @throws what `check` threw last, once `withinMs` have passed.
 */
export async function eventually<Result>(
  check: () => Result | Promise<Result>,
  withinMs = patientMs,
): Promise<Result> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await sleep(pollMs);
  }
}

/** How long the work took, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await work();
  return performance.now() - startedAtMs;
}
