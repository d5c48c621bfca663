/**
 * How many readings did not make it into the live view.
 *
 * A worker counts all its readings, and says with each message how far it is; what grew by more than
 * came along was left out, by the worker or on the way. What always holds: the first message of a
 * process that was there before us says nothing of the past.
 */
import type { LiveRows } from '@zdenergy/core';

export class LiveCount {
  /** By worker, so that its processes, one after the other, take no more memory than one. */
  readonly #workers = new Map<string, { pid: number; readings: number }>();

  /** How many readings were left out since the message before this one, which brought `came`. */
  missed({ worker, pid, readings }: Omit<LiveRows, 'type' | 'rows'>, came: number): number {
    const before = this.#workers.get(worker);
    this.#workers.set(worker, { pid, readings });
    if (before === undefined) return 0;
    // A new process begins to count anew, and this one has seen all of its life.
    const since = before.pid === pid ? before.readings : 0;
    return Math.max(0, readings - since - came);
  }
}
