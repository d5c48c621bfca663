/**
 * Messages to one worker process.
 *
 * What always holds: of the messages that repeat, one of a kind is under way at a time, so a worker that
 * reads nothing costs no memory here; a worker that is gone is no error.
 */
import type { ChildProcess, SendHandle } from 'node:child_process';
import type { ToWorker } from '@zdenergy/core';

export class Outbox {
  readonly #child: ChildProcess;
  /** Kinds are types, unless messages of one type do not replace each other. */
  readonly #underWay = new Set<string>();
  readonly #waiting = new Map<string, () => ToWorker>();

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Sends in any case: for the few messages that come once. */
  send(message: ToWorker, handle?: SendHandle): void {
    // With a callback an error of the channel comes here, where it can be ignored: the worker's
    // exit follows. Without one it would be an uncaught 'error' event.
    this.#child.send(message, handle, {}, () => undefined);
  }

  /** Sends unless one of its type is under way; then it is dropped. */
  sendOrDrop(message: ToWorker): void {
    if (!this.#underWay.has(message.type)) this.#sendRepeating(message.type, message);
  }

  /** Sends now, or as soon as the one of its kind that is under way has left; the latest wins. */
  sendLatest(kind: string, latest: () => ToWorker): void {
    if (this.#underWay.has(kind)) this.#waiting.set(kind, latest);
    else this.#sendRepeating(kind, latest());
  }

  #sendRepeating(kind: string, message: ToWorker): void {
    this.#underWay.add(kind);
    this.#child.send(message, undefined, {}, (error) => {
      this.#underWay.delete(kind);
      const latest = this.#waiting.get(kind);
      this.#waiting.delete(kind);
      if (error === null && latest !== undefined) this.#sendRepeating(kind, latest());
    });
  }
}
