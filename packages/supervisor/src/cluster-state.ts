/**
 * The state of all children as the API worker gets it: every second, and at once when one changes.
 *
 * What always holds: a snapshot is made when it can be sent, so it is never older than its sending.
 */
import type { ClusterState } from '@zdenergy/core';
import type { Supervised } from './supervised.js';
import type { WorkerProcess } from './worker-process.js';

export class ClusterFeed {
  readonly #startedAtMs = performance.now();
  readonly #children: readonly Supervised[];
  readonly #reader: WorkerProcess;

  constructor(children: readonly Supervised[], reader: WorkerProcess) {
    this.#children = children;
    this.#reader = reader;
  }

  state(): ClusterState {
    const nowMs = performance.now();
    return {
      supervisorPid: process.pid,
      uptimeMs: nowMs - this.#startedAtMs,
      workers: this.#children.map((child) => child.describe(nowMs)),
    };
  }

  publish(): void {
    this.#reader.sendLatest('cluster', () => ({ type: 'cluster', state: this.state() }));
  }
}
