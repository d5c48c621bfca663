/** How far exports have come, told to whoever watches one. What always holds: nothing is kept here. */

export interface ExportStep {
  readonly exportId: string;
  readonly rows: number;
  readonly bytes: number;
  readonly done: boolean;
  /** In plain words, when it has failed. */
  readonly error: string | null;
}

type Listener = (step: ExportStep) => void;

export class ExportProgress {
  readonly #listeners = new Map<string, Set<Listener>>();

  publish(step: ExportStep): void {
    for (const listener of this.#listeners.get(step.exportId) ?? []) listener(step);
  }

  /** Returns how to unsubscribe. */
  subscribe(exportId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(exportId) ?? new Set();
    this.#listeners.set(exportId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(exportId);
    };
  }
}
