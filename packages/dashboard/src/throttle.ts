/**
 * Work that may be asked for more often than it may be done.
 *
 * What always holds: the first request is served at once; of those that come too soon after it one is
 * served, when its time has come.
 */
export function throttled(work: () => void, everyMs: number): () => void {
  let doneAtMs = -Infinity;
  let timer: number | undefined;
  const run = (): void => {
    timer = undefined;
    doneAtMs = performance.now();
    work();
  };
  return () => {
    const waitMs = doneAtMs + everyMs - performance.now();
    if (timer !== undefined) return;
    if (waitMs <= 0) run();
    else timer = window.setTimeout(run, waitMs);
  };
}
