/**
 * How far exports have come, for whoever wants to know: told here, heard by the stream of events.
 *
 * What always holds: a listener hears only of its own export; nothing is kept of an export that ended.
 */
export interface ExportStep {
  readonly exportId: string;
  readonly rows: number;
  readonly bytes: number;
  readonly done: boolean;
  /** Why it was broken off. */
  readonly error: string | null;
}

type Listener = (step: ExportStep) => void;

export class ExportProgress {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #running = new Map<string, ExportStep>();

  publish(step: ExportStep): void {
    if (step.done) this.#running.delete(step.exportId);
    else this.#running.set(step.exportId, step);
    for (const listener of this.#listeners.get(step.exportId) ?? []) listener(step);
  }

  /** Tells at once of an export that runs already. Returns what ends it. */
  subscribe(exportId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(exportId) ?? new Set();
    this.#listeners.set(exportId, listeners.add(listener));
    const running = this.#running.get(exportId);
    if (running !== undefined) listener(running);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(exportId);
    };
  }
}
