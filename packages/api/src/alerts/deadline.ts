/** A time limit for something that can be told to stop. */

/**
 * Does the work with a signal that says stop once it has taken too long, or when `stop` says so.
 *
 * `AbortSignal.any` with `AbortSignal.timeout` would be shorter, but in Node.js 20 that signal is lost
 * with the next garbage collection, and the work then has no limit.
 */
export async function withDeadline<Result>(
  stop: AbortSignal,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  stop.addEventListener('abort', abort, { once: true });
  if (stop.aborted) abort();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', abort);
  }
}
