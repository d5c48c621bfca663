/**
 * The state of all children as the API worker gets it: every second, and at once when one changes.
 *
 * What always holds: a snapshot is made when it can be sent, so it is never older than its sending.
 */
import { Pulse, type ClusterState, type ProcessState } from '@zdenergy/core';
import { checkIntervalMs } from './liveness.js';
import type { Supervised } from './supervised.js';
import type { WorkerProcess } from './worker-process.js';

export class ClusterFeed {
  readonly #startedAtMs = performance.now();
  readonly #children: readonly Supervised[];
  readonly #reader: WorkerProcess;
  readonly #pulse = new Pulse(checkIntervalMs, this.#startedAtMs);
  #self: ProcessState;

  constructor(children: readonly Supervised[], reader: WorkerProcess) {
    this.#children = children;
    this.#reader = reader;
    this.#self = this.#pulse.beat(this.#startedAtMs);
  }

  /** To be called by a timer, every `checkIntervalMs`. */
  beat(nowMs: number): void {
    this.#self = this.#pulse.beat(nowMs);
  }

  state(): ClusterState {
    const nowMs = performance.now();
    return {
      supervisorPid: process.pid,
      uptimeMs: nowMs - this.#startedAtMs,
      supervisor: this.#self,
      workers: this.#children.map((child) => child.describe(nowMs)),
    };
  }

  publish(): void {
    this.#reader.sendLatest('cluster', () => ({ type: 'cluster', state: this.state() }));
  }
}
