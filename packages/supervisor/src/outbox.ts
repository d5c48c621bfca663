/**
 * Messages to one worker process.
 *
 * What always holds: of the types that repeat, one message is under way at a time, so a worker that
 * reads nothing costs no memory here; a worker that is gone is no error.
 */
import type { ChildProcess, SendHandle } from 'node:child_process';
import type { ToWorker } from '@zdenergy/core';

export class Outbox {
  readonly #child: ChildProcess;
  readonly #underWay = new Set<ToWorker['type']>();
  readonly #waiting = new Map<ToWorker['type'], () => ToWorker>();

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
    if (!this.#underWay.has(message.type)) this.#sendRepeating(message);
  }

  /** Sends now, or as soon as the one of its type that is under way has left; the latest wins. */
  sendLatest(type: ToWorker['type'], latest: () => ToWorker): void {
    if (this.#underWay.has(type)) this.#waiting.set(type, latest);
    else this.#sendRepeating(latest());
  }

  #sendRepeating(message: ToWorker): void {
    const { type } = message;
    this.#underWay.add(type);
    this.#child.send(message, undefined, {}, (error) => {
      this.#underWay.delete(type);
      const latest = this.#waiting.get(type);
      this.#waiting.delete(type);
      if (error === null && latest !== undefined) this.#sendRepeating(latest());
    });
  }
}
