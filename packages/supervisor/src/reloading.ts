/**
 * Reloading the workers one after the other.
 *
 * What always holds: one worker is away at a time; the first that does not become ready ends the
 * reload, so that the others go on as they were; asked meanwhile, it begins anew with the first, for
 * what came between, and waits no longer for the one that it was at.
 */

/** Ends a worker and starts it again; gives whether it became ready. */
export interface Reloadable {
  readonly name: string;
  reload(): Promise<boolean>;
}

export interface ReloadOutcome {
  /** The worker that did not become ready; undefined: all did, or zdenergy is stopping. */
  readonly failed: string | undefined;
}

/** Gives the function that asks for a reload; all who ask meanwhile get the same outcome. */
export function createReload(
  workers: readonly Reloadable[],
  isStopping: () => boolean,
): () => Promise<ReloadOutcome> {
  let asked = 0;
  let interrupt = (): void => undefined;
  let running: Promise<ReloadOutcome> | undefined;

  const reloadFrom = async (round: number): Promise<ReloadOutcome> => {
    const interrupted = new Promise<'interrupted'>((resolve) => {
      interrupt = () => resolve('interrupted');
    });
    for (const worker of workers) {
      if (isStopping() || round !== asked) break;
      const outcome = await Promise.race([worker.reload(), interrupted]);
      if (outcome === false && round === asked) return { failed: worker.name };
    }
    return { failed: undefined };
  };
  const run = async (): Promise<ReloadOutcome> => {
    for (;;) {
      const round = asked;
      const outcome = await reloadFrom(round);
      if (round === asked || isStopping()) return outcome;
    }
  };
  return () => {
    asked += 1;
    interrupt();
    return (running ??= run().finally(() => (running = undefined)));
  };
}
